"""How long one call may be, and the hours into which it must fit."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from kinline.rules.case import Bound, Case
from kinline.rules.hours import closing_time, opening_time
from kinline.rules.model import Window

_SECOND = timedelta(seconds=1)


def call_length(case: Case) -> Iterable[Bound]:
    """The profile's longest call, and whatever a place, person or number has of its own."""
    rule, request = case.profile.call_length, case.request
    yield Bound("call_length", rule.classes.get(case.number_class, rule.seconds), source=rule.source)
    for source, owner in (
        ("facility", request.facility),
        ("unit", request.unit),
        ("phone", request.phone),
        ("inmate", request.inmate),
        ("contact", case.contact),
    ):
        if owner is not None and owner.call_seconds is not None:
            yield Bound("call_length", owner.call_seconds, source=source)


def hours(case: Case) -> Iterable[Bound]:
    """A call fits into the hours that every schedule leaves open, as a whole."""
    if case.named is not None and case.named.any_time:
        return
    named = list(_schedules(case))
    if not named:
        return
    schedules, source = [windows for _, windows in named], "; ".join(dict.fromkeys(source for source, _ in named))
    closing = closing_time(schedules, case.zone, case.at)
    if closing is None:
        return
    seconds = (closing - case.at) // _SECOND
    opens = closing if seconds else opening_time(schedules, case.zone, max(case.at, closing))
    yield Bound("hours", seconds, opens, source)


def _schedules(case: Case) -> Iterator[tuple[str, tuple[Window, ...]]]:
    """Every schedule that has a word in it, and whose it is: the inmate lives in one unit and may call from another."""
    request = case.request
    if case.profile.hours is not None:
        yield case.profile.hours.source, case.profile.hours.windows
    if request.facility.hours is not None:
        yield "facility", request.facility.hours
    for unit in {request.unit.name: None, request.inmate.unit if request.inmate else None: None}:
        if unit is not None and unit in request.facility.schedules:
            yield "unit", request.facility.schedules[unit]
    for source, place in (("unit", request.unit), ("phone", request.phone)):
        if place.hours is not None:
            yield source, place.hours
