"""Legal ceilings on the price of a minute, as dated data. They judge a profile; they never change a decision."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, Field, NonNegativeInt, TypeAdapter

from kinline.rules.profile import FacilityKind, Profile
from kinline.rules.sense import Path

_STRICT_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The highest price of a minute for facilities of one kind and average daily population; both bounds belong to it."""

    __pydantic_config__ = _STRICT_KEYS

    facility: FacilityKind
    micros_per_minute: NonNegativeInt
    least_population: NonNegativeInt = 0
    most_population: NonNegativeInt | None = None

    def holds(self, kind: FacilityKind | None, population: int | None) -> bool:
        """Whether a facility may fall under this cap; what is not known of it (None) excludes nothing."""
        if kind is not None and kind != self.facility:
            return False
        most = self.most_population
        return population is None or (self.least_population <= population and (most is None or population <= most))

    def __str__(self) -> str:
        if self.most_population is not None:
            return f"{self.facility}s with {self.least_population} to {self.most_population} people"
        return f"{self.facility}s" + (f" with {self.least_population} people or more" if self.least_population else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapTable:
    """One law's caps, both days included. Without `state` it holds in every state."""

    __pydantic_config__ = _STRICT_KEYS

    title: str
    source: str
    url: str
    first_day: date
    caps: tuple[Cap, ...]
    last_day: date | None = None
    state: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None

    def in_force(self, day: date, state: str | None) -> bool:
        ended = self.last_day is not None and day > self.last_day
        return self.first_day <= day and not ended and self.state in (None, state)

    def binds(self, service: "Service") -> bool:
        """Whether a cap of this law holds, or may hold, there and then."""
        holds = any(cap.holds(service.kind, service.population) for cap in self.caps)
        return holds and self.in_force(service.day, service.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where and when a profile is to serve; what is left out is not known."""

    day: date
    kind: FacilityKind | None = None
    population: int | None = None
    state: str | None = None


class Excess(NamedTuple):
    """A price above a cap. `certain` is false if it depends on what is not known of the facility."""

    path: Path
    text: str
    certain: bool


_TABLE = TypeAdapter(CapTable)


def cap_table(tables: Mapping[str, Any]) -> CapTable:
    """Read one table. Raises pydantic's ValidationError."""
    return _TABLE.validate_python(tables)


def excesses(profile: Profile, service: Service, tables: Iterable[CapTable]) -> list[Excess]:
    """Every price of the profile that is above a cap in force there and then."""
    return [
        excess
        for table in tables
        if table.in_force(service.day, service.state)
        for path, price in prices(profile)
        for excess in _above(path, price, table, service)
    ]


def prices(profile: Profile) -> Iterator[tuple[Path, int]]:
    """Every price of a minute in the profile, with where it stands."""
    rate = profile.rate
    yield ("rate", "micros_per_minute"), rate.micros_per_minute
    if rate.local_micros_per_minute is not None:
        yield ("rate", "local_micros_per_minute"), rate.local_micros_per_minute
    for name, micros in rate.classes.items():
        yield ("rate", "classes", name), micros


def _above(path: Path, price: int, table: CapTable, service: Service) -> Iterator[Excess]:
    fitting = [cap for cap in table.caps if cap.holds(service.kind, service.population)]
    exceeded = [cap for cap in fitting if price > cap.micros_per_minute]
    if not exceeded:
        return
    certain = len(exceeded) == len(fitting)
    named = max(exceeded, key=lambda cap: cap.micros_per_minute)
    sure = "is" if certain else "may be"
    yield Excess(
        path,
        f"{_dollars(price)} a minute {sure} above the cap of {_dollars(named.micros_per_minute)} for {named}, in force since "
        f"{table.first_day} ({table.title}; {table.source}; {table.url}); "
        + ("lower the price" if certain else "say the facility's kind and population"),
        certain,
    )


def _dollars(micros: int) -> str:
    whole, part = divmod(micros, 1_000_000)
    return f"${whole}.{f'{part:06d}'.rstrip('0').ljust(2, '0')}"
