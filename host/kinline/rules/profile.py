"""A facility's rules as data: one TOML file a profile, one table a rule, each with its source and date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from kinline.rules.model import Billing, NumberClass, Windows

PinMode = Literal["id+pin", "pin", "none"]
Digit = Annotated[str, Field(pattern=r"^[0-9*#]$")]

_STRICT_KEYS = ConfigDict(extra="forbid")


class ProfileError(ValueError):
    """A profile that cannot be used; the text names the file, the key and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule line carries: who says so, and from which day."""

    source: str
    effective: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLength(Rule):
    __pydantic_config__ = _STRICT_KEYS
    seconds: PositiveInt


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Rule):
    __pydantic_config__ = _STRICT_KEYS
    windows: Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Rule):
    """Price of a minute by class of number; a class that is not named pays `micros_per_minute`."""

    __pydantic_config__ = _STRICT_KEYS
    micros_per_minute: NonNegativeInt
    classes: Mapping[NumberClass, NonNegativeInt] = field(default_factory=lambda: {"free": 0, "anonymous": 0, "relay": 0})
    smallest_grant_seconds: PositiveInt = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList(Rule):
    __pydantic_config__ = _STRICT_KEYS
    required: bool = True
    maximum: PositiveInt | None = None
    change_every_days: PositiveInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Rule):
    __pydantic_config__ = _STRICT_KEYS
    home_regions: tuple[str, ...] = ("US",)
    toll_free: bool = False
    premium: bool = False
    international: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Rule):
    __pydantic_config__ = _STRICT_KEYS
    recorded: bool = True
    monitored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements(Rule):
    """`warning_seconds` before the end, and how often the call's origin is said (0: never)."""

    __pydantic_config__ = _STRICT_KEYS
    warning_seconds: tuple[PositiveInt, ...] = (60, 10)
    origin_every_seconds: NonNegativeInt = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Rule):
    """The called party's keys."""

    __pydantic_config__ = _STRICT_KEYS
    accept: Digit = "1"
    refuse: Digit = "2"
    quote: Digit = "3"
    block: Digit = "9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying(Rule):
    """The ways of paying that are open, in the order in which they are tried."""

    __pydantic_config__ = _STRICT_KEYS
    methods: tuple[Billing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Rule):
    __pydantic_config__ = _STRICT_KEYS
    mode: PinMode = "id+pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerId(Rule):
    __pydantic_config__ = _STRICT_KEYS
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedNumber(Rule):
    """A number that the rules name: open to everyone, off every list, with a class of its own."""

    __pydantic_config__ = _STRICT_KEYS
    number: str
    label: str
    number_class: Annotated[NumberClass, Field(alias="class")]
    without_pin: bool = False
    any_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    __pydantic_config__ = _STRICT_KEYS

    name: str
    title: str
    version: PositiveInt
    call_length: CallLength
    rate: Rate
    contact_list: ContactList
    numbers: Numbers
    recording: Recording
    announcements: Announcements
    acceptance: Acceptance
    paying: Paying
    pin: Pin
    hours: Hours | None = None
    caller_id: CallerId | None = None
    named_numbers: tuple[NamedNumber, ...] = ()

    def named(self, number: str) -> NamedNumber | None:
        return next((line for line in self.named_numbers if line.number == number), None)

    def rate_for(self, number_class: NumberClass) -> int:
        """Micro-dollars a minute for one class of number."""
        return self.rate.classes.get(number_class, self.rate.micros_per_minute)


_PROFILE = TypeAdapter(Profile)


def profile_from(name: str, tables: Mapping[str, Any]) -> Profile:
    """Check a profile's tables. Raises ProfileError."""
    try:
        return _PROFILE.validate_python({**tables, "name": name})
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ProfileError(f"profile {name}: " + "; ".join(faults)) from error
