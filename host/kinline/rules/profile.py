"""A facility's rules as data: one TOML file a profile, one table a rule, each with its source and date."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from kinline.failure import Failure
from kinline.rules.model import Billing, NumberClass, Prefix, RestrictionKind, Windows

PinMode = Literal["id+pin", "pin", "none"]
FacilityKind = Literal["prison", "jail", "detention", "juvenile"]
Digit = Annotated[str, Field(pattern=r"^[0-9*#]$")]
ShortCode = Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]
Period = Literal["day", "week", "month", "custody"]
Classes = tuple[NumberClass, ...]
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
# Bounds far above any rule, and far below what a sum of times or money could overflow with.
Count = Annotated[int, Field(gt=0, le=3_000_000)]
CountOrNone = Annotated[int, Field(ge=0, le=3_000_000)]
Micros = Annotated[int, Field(ge=0, le=1_000_000_000)]
Confidence = Annotated[int, Field(ge=50, le=100)]
Beatable = Literal[
    "suspension",
    "restriction",
    "not_on_list",
    "not_approved",
    "hours",
    "gap",
    "minutes",
    "calls",
    "billing",
    "balance",
    "call_length",
]

# P9: these lines ask nobody who calls, what they paid, or whom they called before.
OPEN_CLASSES: Classes = ("free", "anonymous")

_STRICT_KEYS = ConfigDict(extra="forbid", populate_by_name=True)
_DAY_OF_YEAR = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


class ProfileError(Failure, ValueError):
    """A profile that cannot be used; the text names the file, the key and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule line carries: who says so, where that can be read, and from which day."""

    source: Annotated[str, Field(min_length=1)]
    effective: date
    url: Annotated[str | None, Field(pattern=r"^https?://\S+$")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction(Rule):
    """Where the profile is in force; `rules check` finds the price caps that bind it by this."""

    __pydantic_config__ = _STRICT_KEYS
    kind: FacilityKind
    state: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLength(Rule):
    """Longest call; `classes` where a class of number has another."""

    __pydantic_config__ = _STRICT_KEYS
    seconds: Count
    classes: Mapping[NumberClass, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Rule):
    __pydantic_config__ = _STRICT_KEYS
    windows: Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Rule):
    """The wait between calls, from the earlier call's start or end.

    It follows calls with one of `outcomes` ("*": every attempt), to anyone or, with `same_number`, to this number.
    """

    __pydantic_config__ = _STRICT_KEYS
    seconds: Count
    since: Annotated[Literal["start", "end"], Field(alias="from")] = "end"
    outcomes: tuple[str, ...] = ("completed",)
    same_number: bool = False
    classes: Classes = ("social",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """More of an allowance in a season of each year, both days included, written MM-DD."""

    __pydantic_config__ = _STRICT_KEYS
    first_day: Annotated[str, Field(alias="from", pattern=_DAY_OF_YEAR)]
    last_day: Annotated[str, Field(alias="until", pattern=_DAY_OF_YEAR)]
    more: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance(Rule):
    """How much there is in a period, which begins anew at local midnight of `reset_day`; what is left is forfeited.

    `reset_day` is a day of the month (1 to 28) or of the week (1 is Monday). The period "custody" never begins anew.
    """

    __pydantic_config__ = _STRICT_KEYS
    period: Period
    most: Count
    reset_day: Annotated[int, Field(ge=1, le=28)] = 1
    bonuses: tuple[Bonus, ...] = ()
    classes: Classes = ("social",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes(Allowance):
    """Minutes of talk in a period. Seconds count as talked, not as rounded minutes."""

    __pydantic_config__ = _STRICT_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls(Allowance):
    """Calls in a period: the completed ones, or every attempt."""

    __pydantic_config__ = _STRICT_KEYS
    failed_count: bool = False
    custodial_parent_more: CountOrNone = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor(Rule):
    """What a law guarantees: until the period has held `calls` completed calls, or `minutes` of talk, the rules named in
    `beats` neither refuse nor shorten a call below `seconds`.

    `calls` and `minutes` together: whichever comes first. Without `seconds` the call is not shortened at all, except by
    call lengths. `unless` names kinds of restriction under which the floor does not stand; `within_hours` counts from
    the arrest. A `free` floor that counts minutes is free for these minutes, one that counts calls for the whole call.
    """

    __pydantic_config__ = _STRICT_KEYS
    period: Period
    beats: tuple[Beatable, ...]
    calls: Count | None = None
    minutes: Count | None = None
    seconds: Count | None = None
    reset_day: Annotated[int, Field(ge=1, le=28)] = 1
    free: bool = False
    unless: tuple[RestrictionKind, ...] = ()
    within_hours: Annotated[int, Field(gt=0, le=8784)] | None = None
    custodial_parent_more: CountOrNone = 0
    classes: Classes = ("social",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Rule):
    """Price of a minute by class of number; a class that is not named pays `micros_per_minute`.

    With `credit_faults` the charge of a call that a fault ended (of host, link or switch) is given back at once.
    """

    __pydantic_config__ = _STRICT_KEYS
    micros_per_minute: Micros
    credit_faults: bool = False
    local_micros_per_minute: Micros | None = None
    classes: Mapping[NumberClass, Micros] = field(default_factory=lambda: {"free": 0, "anonymous": 0, "relay": 0})
    smallest_grant_seconds: Count = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList(Rule):
    """`maximum` and `change_every_days` bound the social numbers; `reviewed` lists are called only once approved."""

    __pydantic_config__ = _STRICT_KEYS
    required: bool = True
    reviewed: bool = True
    maximum: Count | None = None
    change_every_days: Annotated[int, Field(gt=0, le=3660)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Rule):
    """`third_party_services` are numbers and prefixes, E.164, of services that pass calls on."""

    __pydantic_config__ = _STRICT_KEYS
    home_regions: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ("US",)
    toll_free: bool = False
    premium: bool = False
    international: bool = False
    third_party_services: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Rule):
    """`private_classes` are neither recorded nor monitored; privileged and anonymous calls never are, whatever stands here."""

    __pydantic_config__ = _STRICT_KEYS
    recorded: bool = True
    monitored: bool = True
    private_classes: Classes = ("privileged", "anonymous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counsel(Rule):
    """Whether a restriction or suspension reaches counsel only by a determination of its own."""

    __pydantic_config__ = _STRICT_KEYS
    needs_determination: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdParty(Rule):
    """Calls passed on or joined by a third party: whether they are prohibited, and what a sign of one leads to.

    Every sign is noted with the call, except under "nothing". What else follows needs `confidence`: the notice of "warn", the
    end of "cut", or the end and the block of "block". Calls to relay services are never more than flagged.
    """

    __pydantic_config__ = _STRICT_KEYS
    prohibited: bool = True
    on_sign: Literal["nothing", "flag", "warn", "cut", "block"] = "flag"
    confidence: Confidence = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements(Rule):
    """`warning_seconds` before the end, how often the call's origin is said (0: never), and whether both parties are told
    when staff begin to speak to them.
    """

    __pydantic_config__ = _STRICT_KEYS
    warning_seconds: tuple[Count, ...] = (60, 10)
    origin_every_seconds: CountOrNone = 0
    announce_barge: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Rule):
    """The called party's keys; a key left out is not offered, and hanging up always refuses.

    By `account` the called party opens an account before taking calls: the call ends as "account_offered".

    A machine that answers accepts nothing; with `on_machine` "end" the call is given up as soon as it sounds like one with
    this `confidence`.
    """

    __pydantic_config__ = _STRICT_KEYS
    accept: Digit
    refuse: Digit | None = None
    quote: Digit | None = None
    block: Digit | None = None
    account: Digit | None = None
    on_machine: Literal["nothing", "end"] = "end"
    confidence: Confidence = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying(Rule):
    """The ways of paying that are open, in the order in which they are tried; `landline` and `cell` narrow them.

    With `caller_chooses` the caller says who pays: the called party by a bill, the caller, or the number's prepaid account.
    """

    __pydantic_config__ = _STRICT_KEYS
    methods: tuple[Billing, ...]
    landline: tuple[Billing, ...] | None = None
    cell: tuple[Billing, ...] | None = None
    caller_chooses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMenu(Rule):
    """What the caller dials, instead of a number, to hear what is left of money and minutes."""

    __pydantic_config__ = _STRICT_KEYS
    dial: ShortCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Rule):
    __pydantic_config__ = _STRICT_KEYS
    mode: PinMode = "id+pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCheck(Rule):
    """After the PIN, at each visit, the caller's voice is compared with the one that was kept; so often it may be tried."""

    __pydantic_config__ = _STRICT_KEYS
    tries: Annotated[int, Field(ge=1, le=20)] = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerId(Rule):
    __pydantic_config__ = _STRICT_KEYS
    number: E164


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedNumber(Rule):
    """A number that the rules name: open to everyone, off every list, with a class of its own.

    `dial` is the short code that reaches it. With `say_monitoring` the caller hears, before the call goes out, whether it
    is recorded and monitored.
    """

    __pydantic_config__ = _STRICT_KEYS
    number: E164
    label: str
    number_class: Annotated[NumberClass, Field(alias="class")]
    dial: ShortCode | None = None
    without_pin: bool = False
    any_time: bool = False
    say_monitoring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    __pydantic_config__ = _STRICT_KEYS

    name: str
    title: str
    version: Count
    call_length: CallLength
    rate: Rate
    contact_list: ContactList
    numbers: Numbers
    recording: Recording
    announcements: Announcements
    acceptance: Acceptance
    paying: Paying
    pin: Pin
    counsel: Counsel
    third_party: ThirdParty
    jurisdiction: Jurisdiction | None = None
    hours: Hours | None = None
    caller_id: CallerId | None = None
    account_menu: AccountMenu | None = None
    voice_check: VoiceCheck | None = None
    gaps: tuple[Gap, ...] = ()
    minutes: tuple[Minutes, ...] = ()
    calls: tuple[Calls, ...] = ()
    floors: tuple[Floor, ...] = ()
    named_numbers: tuple[NamedNumber, ...] = ()

    def named(self, number: str) -> NamedNumber | None:
        return next((line for line in self.named_numbers if line.number == number), None)

    def rate_for(self, number_class: NumberClass, local: bool | None = False) -> int:
        """Micro-dollars a minute for one class of number. Free and anonymous lines cost nothing, whatever stands in the rate.

        Where nobody knows whether a number is local (None) it counts as local: no one pays what the law may make free.
        """
        if number_class in OPEN_CLASSES:
            return 0
        near = None if local is False else self.rate.local_micros_per_minute
        return self.rate.classes.get(number_class, self.rate.micros_per_minute if near is None else near)


PROFILE = TypeAdapter(Profile)


def profile_from(name: str, tables: Mapping[str, Any]) -> Profile:
    """Check a profile's tables. Raises ProfileError."""
    try:
        return validated(name, tables)
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ProfileError(f"profile {name}: " + "; ".join(faults)) from error


def validated(name: str, tables: Mapping[str, Any]) -> Profile:
    """The profile of these tables, its types taken strictly. Raises pydantic's ValidationError."""
    # As JSON, because strictness then still reads a list as a tuple, but no longer "900" or true as a number.
    return PROFILE.validate_json(json.dumps({**tables, "name": name}, default=_plain), strict=True)


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a type of TOML")
