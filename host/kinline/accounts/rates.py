"""The rate table: what a minute costs, for whom, from which day, and who says so.

One table feeds the price that is spoken, the price on the web and the bill. A profile's rate rule is its seed; a
facility may have lines of its own, which hold between two days of the facility's calendar. Prices are by the minute
and nothing else: there is no charge for a call, a connection, a payment or an account (the FCC's rules for calls from
custody, 47 CFR part 64 subpart FF, call those ancillary). Rates are micro-dollars a minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kinline.accounts.money import MICROS_A_DOLLAR, MoneyError, dollars

# Above every price that a regulator allowed or complained of; more is a slip of the decimal point.
LARGEST_RATE_MICROS = 10 * MICROS_A_DOLLAR

# These are free wherever they are called from: a facility's line cannot put a price on them. Relay: the FCC's rules.
ALWAYS_FREE = frozenset({"free", "anonymous", "relay"})


class RateError(MoneyError):
    """A line that the rate table cannot take."""


@dataclass(frozen=True, slots=True)
class RateLine:
    """One price. Without `number_class` it is for every class that has no line of its own.

    It holds from `since` (absent: always) until the day before `until` (absent: until another line replaces it).
    """

    micros_per_minute: int
    source: str
    number_class: str | None = None
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if type(self.micros_per_minute) is not int or not 0 <= self.micros_per_minute <= LARGEST_RATE_MICROS:
            raise RateError(
                f"{self.micros_per_minute!r} cannot be the price of a minute; write whole micro-dollars from 0 to "
                f"{LARGEST_RATE_MICROS} ({dollars(LARGEST_RATE_MICROS)})"
            )
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise RateError(f"the price from {self.since} ends on {self.until}, before it begins; write a later day")
        if not self.source.strip():
            raise RateError("a price names its source: the contract, order or statute that sets it")

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def meets(self, other: "RateLine") -> bool:
        """Whether there is a day on which both would set the price of the same class."""
        if self.number_class != other.number_class:
            return False
        starts, ends = (self.since, other.since), (self.until, other.until)
        first = max((day for day in starts if day is not None), default=None)
        last = min((day for day in ends if day is not None), default=None)
        return first is None or last is None or first < last


@dataclass(frozen=True, slots=True)
class RateTable:
    """A facility's own lines over those of its profile. Raises RateError for two lines of one class on one day."""

    profile: tuple[RateLine, ...]
    facility: tuple[RateLine, ...] = ()

    def __post_init__(self) -> None:
        for lines in (self.profile, self.facility):
            for index, line in enumerate(lines):
                check_free_of(line, lines[:index])
        for line in self.facility:
            if line.number_class in ALWAYS_FREE and line.micros_per_minute:
                raise RateError(f"calls to {line.number_class} numbers are free; leave the line out")

    def rate_at(self, number_class: str, day: date) -> RateLine:
        """The line that sets the price on a day: the class's own before the general one, the facility's before the
        profile's. Raises RateError if there is none.
        """
        return self._line(number_class, day) or self.general_at(day)

    def general_at(self, day: date) -> RateLine:
        """The line for every class that has none of its own. Raises RateError if there is none."""
        line = self._line(None, day)
        if line is None:
            raise RateError(f"no price is set on {day}; add a line to the rate table")
        return line

    def _line(self, number_class: str | None, day: date) -> RateLine | None:
        lines = (*self.facility, *self.profile)
        return next((line for line in lines if line.number_class == number_class and line.holds_on(day)), None)


def check_free_of(line: RateLine, others: Iterable[RateLine]) -> None:
    """Raises RateError, naming both lines, if one of the others sets the same price on one of the line's days."""
    for other in others:
        if line.meets(other):
            raise RateError(f"{told(line)} meets {told(other)}; end one of them before the other begins")


def seeded(base_micros: int, classes: Iterable[tuple[str, int]], source: str) -> tuple[RateLine, ...]:
    """The lines of a profile's rate rule. It holds on every day: a named profile keeps its rules."""
    return (
        RateLine(base_micros, source),
        *(RateLine(micros, source, number_class=name) for name, micros in classes),
    )


def told(line: RateLine) -> str:
    """A line in words, for errors and tables."""
    span = f" from {line.since}" if line.since else ""
    span += f" until {line.until}" if line.until else ""
    return f"{dollars(line.micros_per_minute)} a minute for {line.number_class or 'all'} numbers{span}"
