"""What a decision is made from, and what it says.

The names are the scenario's names, so that `TypeAdapter(CallRequest)` reads the JSON form as it stands.
Money is integer micro-dollars, moments are aware datetimes, numbers are E.164 text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from operator import gt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt, WithJsonSchema

NumberClass = Literal["social", "privileged", "free", "anonymous", "relay"]
ContactStatus = Literal["approved", "pending", "denied", "removed"]
Billing = Literal["collect", "direct_bill", "prepaid", "debit", "free"]
Line = Literal["landline", "cell"]
RestrictionKind = Literal["sanction", "administrative", "lockdown"]
Language = Literal["en", "es"]

MINUTES_A_DAY = 24 * 60

# An attempt is made in the age of telephones, and early enough that any wait from it has a date.
FIRST_MOMENT, LAST_MOMENT = datetime(1876, 3, 10, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(ge=FIRST_MOMENT, lt=LAST_MOMENT)]
Prefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")]

_STRICT_KEYS = ConfigDict(extra="forbid", populate_by_name=True)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A daily span of local wall-clock time, in minutes after midnight; `end` is excluded and may be 1440."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MINUTES_A_DAY:
            raise ValueError(
                f"the window {_clock(self.start)}-{_clock(self.end)} is empty or runs past midnight; "
                "split a night window into one up to 24:00 and one from 00:00"
            )

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"

    @classmethod
    def parse(cls, start: str, end: str) -> "Window":
        """Read two "HH:MM" texts. Raises ValueError naming the text that is not a time of day."""
        return cls(_minutes(start), _minutes(end))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(text: str) -> int:
    hour, colon, minute = text.partition(":")
    if not (colon and len(hour) == 2 and len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()):
        raise ValueError(f"{text!r} is not a time of day; write HH:MM, for example 06:00")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > MINUTES_A_DAY:
        raise ValueError(f"{text!r} is not a time of day; the latest is 24:00")
    return total


def _window(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return Window.parse(*value)
    if isinstance(value, Window):
        return value
    raise ValueError('a window is two times of day, for example ["08:00", "11:00"]')


_WINDOW_SCHEMA = {
    "type": "array",
    "items": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"},
    "minItems": 2,
    "maxItems": 2,
}
WindowField = Annotated[Window, BeforeValidator(_window), WithJsonSchema(_WINDOW_SCHEMA)]
Windows = tuple[WindowField, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """No calls from `since` (absent: always) until `until` (absent: until staff lift it).

    Counsel is reached all the same, unless a determination of its own (`counsel`) says that this covers counsel too.
    """

    __pydantic_config__ = _STRICT_KEYS

    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime | None = None
    kind: RestrictionKind = "sanction"
    counsel: bool = False


@dataclass(frozen=True, slots=True)
class Facility:
    """`schedules` maps a unit's name to its windows; a unit without one follows the facility's and the profile's hours.

    `suspended` is a lockdown without a known end, `suspensions` are those with one.
    """

    __pydantic_config__ = _STRICT_KEYS

    timezone: str = "UTC"
    suspended: bool = False
    counsel_suspended: bool = False
    suspensions: tuple[Restriction, ...] = ()
    hours: Windows | None = None
    schedules: Mapping[str, Windows] = field(default_factory=dict)
    call_seconds: PositiveInt | None = None
    recorded: bool = True
    caller_id: str | None = None
    blocked_prefixes: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A living unit or a telephone, as far as it has rules of its own."""

    __pydantic_config__ = _STRICT_KEYS

    name: str = ""
    suspended: bool = False
    counsel_suspended: bool = False
    suspensions: tuple[Restriction, ...] = ()
    hours: Windows | None = None
    call_seconds: PositiveInt | None = None
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """One line of an inmate's allowed list. `recorded=False` turns recording off for this contact.

    An attorney's number is `privileged` only while an arrangement for it is on file; without one it is `social`.
    """

    __pydantic_config__ = _STRICT_KEYS

    number: str
    status: ContactStatus = "approved"
    number_class: Annotated[NumberClass, Field(alias="class")] = "social"
    line: Line | None = None
    call_seconds: PositiveInt | None = None
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Inmate:
    """`arrested_at` and `custodial_parent` matter to the calls that a booking guarantees.

    `voice` is what a check of the caller's voice said, where there was one.
    """

    __pydantic_config__ = _STRICT_KEYS

    id: str = ""
    unit: str | None = None
    language: Language = "en"
    active: bool = True
    on_call: bool = False
    debit_micros: NonNegativeInt = 0
    contacts: tuple[Contact, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    call_seconds: PositiveInt | None = None
    recorded: bool = True
    arrested_at: AwareDatetime | None = None
    custodial_parent: bool = False
    voice: Literal["same", "another"] | None = None


@dataclass(frozen=True, slots=True)
class CalledParty:
    """`direct_bill_credit_micros` is what is left of the credit limit; absent: no limit.

    `line` serves where no contact says what the line is. `local` is absent where nobody knows.
    """

    __pydantic_config__ = _STRICT_KEYS

    blocked: bool = False
    blocked_by_facility: bool = False
    third_party_service: bool = False
    prepaid_micros: NonNegativeInt = 0
    direct_bill: bool = False
    direct_bill_credit_micros: NonNegativeInt | None = None
    line: Line | None = None
    local: bool | None = None


@dataclass(frozen=True, slots=True)
class PastCall:
    """Without `class`, the class that the number has now."""

    __pydantic_config__ = _STRICT_KEYS

    start: AwareDatetime
    talk_seconds: NonNegativeInt = 0
    number: str = ""
    outcome: str = "completed"
    number_class: Annotated[NumberClass | None, Field(alias="class")] = None


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One attempt. Without `billing` the profile's ways of paying are tried in the profile's order.

    `unit` and `phone` are where the call is made, as far as they have rules of their own. `history` may come in any
    order and is kept in that of the calls' beginnings, with `starts` (seconds of the epoch) beside it, so that a rule
    finds the few that it looks at.
    """

    __pydantic_config__ = _STRICT_KEYS

    at: Moment
    number: str
    facility: Facility = field(default_factory=Facility)
    unit: Place = field(default_factory=Place)
    phone: Place = field(default_factory=Place)
    inmate: Inmate | None = None
    billing: Billing | None = None
    called_party: CalledParty = field(default_factory=CalledParty)
    history: tuple[PastCall, ...] = ()
    starts: tuple[float, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        # By the moment and not by what the clock showed: an hour that is shown twice must not fold the calls together.
        starts = [call.start.timestamp() for call in self.history]
        if any(map(gt, starts, islice(starts, 1, None))):
            order = sorted(range(len(starts)), key=starts.__getitem__)
            object.__setattr__(self, "history", tuple(self.history[index] for index in order))
            starts.sort()
        object.__setattr__(self, "starts", tuple(starts))


@dataclass(frozen=True, slots=True)
class Announcement:
    """A prompt for both sides at a second of talk."""

    at_seconds: int
    prompt_id: str


@dataclass(frozen=True, slots=True)
class Allow:
    """The grant. `warnings_at` are seconds of talk, ascending, each inside the grant."""

    max_seconds: int
    limited_by: str
    recorded: bool
    monitored: bool
    rate_micros_per_minute: int
    billing: Billing
    caller_id: str | None = None
    warnings_at: tuple[int, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    number_class: NumberClass = "social"


@dataclass(frozen=True, slots=True)
class Deny:
    """The refusal, in words for each language ("en", "es") and as a prompt.

    `next_allowed_at` is in the facility's zone, as is `decided_at`; None if time alone will not help.
    """

    rule: str
    text: Mapping[str, str]
    decided_at: AwareDatetime
    next_allowed_at: AwareDatetime | None = None

    @property
    def prompt_id(self) -> str:
        return f"denied_{self.rule}"

    @property
    def prompt_values(self) -> dict[str, Any]:
        """What the prompt is said with: the next allowed time, where there is one, and now."""
        return {"next_at": self.next_allowed_at, "now": self.decided_at} if self.next_allowed_at else {}


Decision = Allow | Deny
