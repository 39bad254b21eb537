"""What a visit asks of the world. The daemon carries these out in order."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kinline.calls.manners import Payer
from kinline.rules.model import Language


class Side(StrEnum):
    NEAR = "near"  # the inmate at the handset
    FAR = "far"  # the called party
    BOTH = "both"


class Tone(StrEnum):
    NONE = "none"
    RINGBACK = "ringback"
    BUSY = "busy"
    REORDER = "reorder"


class Outcome(StrEnum):
    """How an attempt ended, as the call record says it."""

    COMPLETED = "completed"
    REFUSED = "refused"
    BLOCKED = "blocked"
    NOT_ACCEPTED = "not_accepted"
    ACCOUNT_OFFERED = "account_offered"  # the called party opens an account first
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NOT_FOUND = "not_found"
    ABANDONED = "abandoned"
    VOICEMAIL = "voicemail"
    THIRD_PARTY = "third_party"
    FAULT = "fault"


class EndedBy(StrEnum):
    CALLER = "caller"
    CALLED_PARTY = "called_party"
    CLOCK = "clock"
    STAFF = "staff"
    DETECTOR = "detector"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Say:
    """Play a prompt to a side after what is being said there; overlay ducks the talk under it. Answered by Played.

    `language` where it is not the visit's.
    """

    side: Side
    prompt: str
    token: int
    values: dict[str, Any] = field(default_factory=dict)
    overlay: bool = False
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class TypeTo:
    """A text telephone is there: what is said to that side in this visit from now on is typed."""

    side: Side


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop what is being said to a side."""

    side: Side


@dataclass(frozen=True, slots=True)
class PlayTone:
    """A tone to the caller until another or NONE."""

    tone: Tone


@dataclass(frozen=True, slots=True)
class Listen:
    """Let the receiver be heard for so long, microphone muted."""

    limit_ms: int


@dataclass(frozen=True, slots=True)
class Collect:
    """Take digits at the handset. kind: digit, secret or number. Answered by Entered(collect)."""

    collect: int
    kind: str
    least: int
    most: int
    closing: str
    first_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True)
class StopCollect:
    collect: int


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Answered by Identified, Unidentified or Failed with the ticket."""

    ticket: int
    inmate_number: str | None
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageHeard:
    """The inmate has heard a message to its end."""

    message: int


@dataclass(frozen=True, slots=True)
class TakeName:
    """Let the inmate say their name: the microphone is live for that long, and heard by nobody. Answered by NameTaken."""

    ticket: int


@dataclass(frozen=True, slots=True)
class KeepName:
    """Keep the name in the inmate's own voice with the inmate."""

    inmate: int
    sound: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckVoice:
    """Compare what was said now with the voice that was kept. Answered by VoiceChecked."""

    ticket: int
    kept: bytes = field(repr=False)
    said: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Decide by the rules and write the record. Answered by Begun, Denied or Failed with the ticket.

    `inmate` is None where nobody was identified. `dialled` is a number or a line's code. `payer` is whom the caller
    chose to pay, where there was a choice.
    """

    ticket: int
    inmate: int | None
    dialled: str
    payer: Payer | None = None


@dataclass(frozen=True, slots=True)
class AskAccount:
    """What the inmate has left. Answered by Account or Failed with the ticket."""

    ticket: int
    inmate: int


@dataclass(frozen=True, slots=True)
class Invite:
    """Call the far end, on a call that has a place for a recorder and for staff who listen only where the rules record
    and monitor (safety property P2).
    """

    call: int
    recorded: bool
    monitored: bool


@dataclass(frozen=True, slots=True)
class HangUpFar:
    """CANCEL or BYE, whichever fits."""

    call: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """Say a last prompt to the called party of an ended call, then hang up; without audio, at once."""

    call: int
    prompt: str


@dataclass(frozen=True, slots=True)
class StoreAccept:
    """Write the acceptance into the record. Answered by AcceptStored or Failed(ticket = 0)."""

    call: int


@dataclass(frozen=True, slots=True)
class StartTalk:
    """Open the gate, start the recording if the rules record, and give the handset its grant."""

    call: int
    limit_ms: int
    recorded: bool


@dataclass(frozen=True, slots=True)
class StopTalk:
    """Close the gate, close the recording, take the grant back."""

    call: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Talk so far, so that a crash charges no more and no less than this."""

    call: int
    talk_seconds: int


@dataclass(frozen=True, slots=True)
class BlockNumber:
    """No more calls from this facility to the number: the called party's wish, or what follows a sign of a third party."""

    call: int
    by_detector: bool = False


@dataclass(frozen=True, slots=True)
class NoteSign:
    """Keep with the call what was heard on its line, and how sure that is (0 to 100)."""

    call: int
    sign: str
    confidence: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the one record and settle its money."""

    call: int
    outcome: Outcome
    ended_by: EndedBy
    talk_seconds: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Answered by Due(timer) unless set again or cleared before."""

    timer: str
    after_ms: int


@dataclass(frozen=True, slots=True)
class ClearTimers:
    pass


Action = (
    Say
    | TypeTo
    | Hush
    | PlayTone
    | Listen
    | Collect
    | StopCollect
    | CheckPin
    | MessageHeard
    | TakeName
    | KeepName
    | CheckVoice
    | Attempt
    | AskAccount
    | Invite
    | HangUpFar
    | Farewell
    | StoreAccept
    | StartTalk
    | StopTalk
    | Checkpoint
    | BlockNumber
    | NoteSign
    | Finish
    | SetTimer
    | ClearTimers
)
