"""What can happen to a visit (off hook to on hook). Times are nanoseconds of the host's monotonic clock."""

from dataclasses import dataclass, field
from typing import Any

from kinline.calls.actions import Action
from kinline.calls.manners import Manners
from kinline.rules import Allow
from kinline.rules.model import Language


@dataclass(frozen=True, slots=True)
class OffHook:
    """A visit begins, with the facility's choices as they stand now; without them, as before."""

    manners: Manners | None = None


@dataclass(frozen=True, slots=True)
class OnHook:
    pass


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The handset is out of reach; it was last heard at this time."""

    last_heard_ns: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A collect's answer from the handset. result: complete or timeout."""

    collect: int
    result: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Played:
    """Everything said under this token has been heard; `as_meant` is False if a mere tone stood for the words."""

    token: int
    as_meant: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """What staff pass on to an inmate, in the inmate's language."""

    id: int
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Identified:
    """The PIN fits this inmate, for whom these messages wait; `name_sound` is the name in their own voice, once kept.

    `text_telephone` says that they use one.
    """

    ticket: int
    inmate: int
    name: str
    language: Language | None
    balance_micros: int
    messages: tuple[Message, ...] = ()
    name_sound: bytes | None = field(default=None, repr=False)
    voice_exempt: bool = False
    text_telephone: bool = False


@dataclass(frozen=True, slots=True)
class NameTaken:
    """What the inmate said as their name, see `SpokenName.sound`; None if nothing was heard."""

    ticket: int
    sound: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class VoiceChecked:
    """Whether it was the voice that was kept; None where that could not be told."""

    ticket: int
    same: bool | None


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Nobody has this PIN, or the handset is locked for so many seconds (0: not locked)."""

    ticket: int
    locked_seconds: int


@dataclass(frozen=True, slots=True)
class Account:
    """The inmate's own money, and the seconds of talk that allowances leave (None: none counts)."""

    ticket: int
    balance_micros: int
    left_seconds: int | None


@dataclass(frozen=True, slots=True)
class Begun:
    """The attempt is allowed, recorded and its money held.

    With `say_kept` the caller is told, before the call goes out, whether it is recorded and monitored (28 CFR 115.53).
    """

    ticket: int
    call: int
    allow: Allow
    say_kept: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """The attempt is refused and recorded: which prompt says why, and its values. Of a nameless one nothing is noted."""

    ticket: int
    prompt: str
    values: dict[str, Any]
    nameless: bool = False


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
    """The handset has muted the talk. cause: deadline, on_hook, host or fault."""

    call: int
    cause: str
    talk_ms: int


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that this machine asked for."""

    timer: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A sign on the far party's line (beep, three_way, ...: the engine's signs in lower case), and how sure it is (0 to 100)."""

    sign: str
    confidence: int


@dataclass(frozen=True, slots=True)
class StaffCut:
    """Staff have suspended what the call in hand needs: the telephone, its unit, the facility, or the inmate."""


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """What the visit asked for could not be done; the reason is in the log."""

    action: Action


Event = (
    OffHook
    | OnHook
    | LinkLost
    | Entered
    | Played
    | Identified
    | NameTaken
    | VoiceChecked
    | Unidentified
    | Account
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
    | Heard
    | ActionFailed
)
