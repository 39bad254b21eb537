"""What is given to the store, in values that know of no table: whoever makes one does not wait for SQLAlchemy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kinline.rules.model import Line, NumberClass, Window
from kinline.rules.profile import PinMode

BarKind = Literal["victim", "do_not_call", "owner_request", "unwanted_call"]
"""Why a number is barred: a victim's; the state's do-not-call register; its owner wrote; an inmate was told to stop."""

NoteKind = Literal["interest", "contacted"]

LONGEST_MESSAGE = 600
"""Signs: about a minute of speech, which is as long as one listens before dialing."""


@dataclass(frozen=True, slots=True)
class PinModeOf:
    """How a telephone asks who is there, by its `own` mode; None: as its facility."""

    own: PinMode | None

    @property
    def name(self) -> str:
        return self.own or "facility"


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """A place's own limits. `windows` and `call_seconds` of None leave that to the wider place and the profile."""

    windows: Sequence[Window] | None = None
    call_seconds: int | None = None
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class NewContact:
    """A number as it is entered for a list."""

    number: str
    label: str = ""
    number_class: NumberClass = "social"
    line: Line | None = None
    recorded: bool = True
    call_seconds: int | None = None
