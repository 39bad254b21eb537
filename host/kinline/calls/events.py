"""What can happen to a visit (off hook to on hook). Times are nanoseconds of the host's monotonic clock."""

from dataclasses import dataclass, field
from typing import Any

from kinline.rules import Allow
from kinline.rules.model import Language


@dataclass(frozen=True, slots=True)
class OffHook:
    pass


@dataclass(frozen=True, slots=True)
class OnHook:
    pass


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The handset is out of reach; it was last heard at this time."""

    last_heard_ns: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A collect's answer from the handset. result: complete, timeout or overflow."""

    collect: int
    result: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Played:
    """Everything said under this token has been heard."""

    token: int


@dataclass(frozen=True, slots=True)
class Identified:
    """The PIN fits this inmate."""

    ticket: int
    inmate: int
    name: str
    language: Language | None
    balance_micros: int


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Nobody has this PIN, or the handset is locked for so many seconds (0: not locked)."""

    ticket: int
    locked_seconds: int


@dataclass(frozen=True, slots=True)
class Begun:
    """The attempt is allowed, recorded and its money held."""

    ticket: int
    call: int
    allow: Allow


@dataclass(frozen=True, slots=True)
class Denied:
    """The attempt is refused and recorded: which prompt says why, and its values."""

    ticket: int
    prompt: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """A store request could not be carried out; the reason is in the log. Names its ticket, or the call to accept."""

    ticket: int = 0
    call: int = 0


@dataclass(frozen=True, slots=True)
class FarAnswered:
    """The called party's line answered and has media."""


@dataclass(frozen=True, slots=True)
class FarEnded:
    """The far end is gone: SIP status (200 after a BYE), and whether it was their doing."""

    status: int
    by_remote: bool


@dataclass(frozen=True, slots=True)
class FarDigit:
    digit: str


@dataclass(frozen=True, slots=True)
class AcceptStored:
    """The acceptance is in the call record; the talk may begin."""

    call: int


@dataclass(frozen=True, slots=True)
class TalkMuted:
    """The handset has muted the talk. cause: deadline, on_hook, host, link_lost or fault."""

    call: int
    cause: str
    talk_ms: int


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that this machine asked for."""

    timer: str


@dataclass(frozen=True, slots=True)
class StaffCut:
    pass


Event = (
    OffHook
    | OnHook
    | LinkLost
    | Entered
    | Played
    | Identified
    | Unidentified
    | Begun
    | Denied
    | Failed
    | FarAnswered
    | FarEnded
    | FarDigit
    | AcceptStored
    | TalkMuted
    | Due
    | StaffCut
)
