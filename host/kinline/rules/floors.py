"""What a law guarantees, and how it beats other rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kinline.rules.allowances import parent_more, period_of
from kinline.rules.case import Bound, Case
from kinline.rules.history import calls_made, talk_seconds
from kinline.rules.profile import Floor

# Rules that a free call has no business with.
_MONEY = ("billing", "balance")


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A floor for one attempt: whether it stands, and how much talk it keeps open (None: the whole call).

    `free_seconds` is how much of the period's free talk is left, where a floor counts that. `changes_at` is the first
    moment at which it may stand again, or, standing, may come to an end or begin anew; None if there is none.
    """

    floor: Floor
    stands: bool
    seconds: int | None
    free_seconds: int | None
    changes_at: datetime | None

    def touches(self, bound: Bound) -> bool:
        """Whether this floor, whenever it stands, beats the bound."""
        if bound.kind is not None and bound.kind in self.floor.unless:
            return False
        return bound.rule in self.floor.beats or (self.floor.free and bound.rule in _MONEY)


def guarantees(case: Case, stops: Sequence[Bound]) -> list[Guarantee]:
    """The floors for this class of number. `stops` are the suspensions and restrictions of the case."""
    return [_guarantee(case, floor, stops) for floor in case.profile.floors if case.number_class in floor.classes]


def raised(bounds: Iterable[Bound], given: Iterable[Guarantee]) -> list[Bound]:
    """The bounds as the floors that stand leave them: as they were, at the highest floor, or gone."""
    standing = [guarantee for guarantee in given if guarantee.stands]
    if not standing:
        return list(bounds)
    return [left for bound in bounds if (left := _raised(bound, standing)) is not None]


def _raised(bound: Bound, standing: Iterable[Guarantee]) -> Bound | None:
    beating = [guarantee for guarantee in standing if guarantee.touches(bound)]
    if not beating:
        return bound
    if bound.rule != "call_length" and any(guarantee.seconds is None for guarantee in beating):
        return None
    highest = max(beating, key=lambda guarantee: guarantee.seconds or 0)
    if highest.seconds is None or highest.seconds <= bound.seconds:
        return bound
    return Bound("floor", highest.seconds, highest.changes_at, highest.floor.source)


def is_free(given: Iterable[Guarantee]) -> bool:
    """Whether the call costs nothing because a floor says so."""
    return any(guarantee.stands and guarantee.floor.free for guarantee in given)


def free_talk(given: Iterable[Guarantee]) -> Bound | None:
    """How far the free talk reaches that floors count in minutes; None if nothing bounds it."""
    free = [guarantee for guarantee in given if guarantee.stands and guarantee.floor.free]
    if not free or any(guarantee.free_seconds is None for guarantee in free):
        return None
    most = max(free, key=lambda guarantee: guarantee.free_seconds or 0)
    return Bound("floor", most.free_seconds or 0, most.changes_at, most.floor.source)


def _guarantee(case: Case, floor: Floor, stops: Sequence[Bound]) -> Guarantee:
    start, end = period_of(case, floor)
    most_calls = floor.calls + parent_more(case, floor.custodial_parent_more) if floor.calls else None
    calls_met = most_calls is not None and calls_made(case, start, floor.classes, most_calls) >= most_calls
    talk_most = floor.minutes * 60 if floor.minutes else None
    talk_left = talk_most - talk_seconds(case, start, floor.classes, talk_most) if talk_most is not None else None
    met = calls_met or (talk_left is not None and talk_left <= 0)

    against = [stop for stop in stops if stop.kind in floor.unless]
    forbidding = [stop for stop in against if stop.refuses]
    deadline = _deadline(case, floor)
    over = floor.within_hours is not None and (deadline is None or deadline <= case.at)

    stands = not (met or forbidding or over)
    if stands:
        edges = [end, deadline, *(stop.changes_at for stop in against)]
        changes = min((edge for edge in edges if edge is not None), default=None)
    else:
        waits = [*([end] if met else []), *(stop.changes_at for stop in forbidding), *([None] if over else [])]
        again = None if None in waits else max(wait for wait in waits if wait is not None)
        changes = None if again is None or (deadline is not None and again >= deadline) else again
    kept = [seconds for seconds in (floor.seconds, talk_left) if seconds is not None]
    return Guarantee(floor, stands, min(kept, default=None), talk_left, changes)


def _deadline(case: Case, floor: Floor) -> datetime | None:
    inmate = case.request.inmate
    if floor.within_hours is None or inmate is None or inmate.arrested_at is None:
        return None
    return inmate.arrested_at + timedelta(hours=floor.within_hours)
