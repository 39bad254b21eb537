"""Suspensions of places and restrictions of people, those in force and those to come."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from kinline.rules.case import Bound, Case
from kinline.rules.model import Facility, Place, Restriction

_NOW, _SECOND = timedelta(), timedelta(seconds=1)


def suspension(case: Case) -> Iterable[Bound]:
    """No calls from a facility, unit or telephone that is suspended, nor beyond the moment when it will be."""
    request = case.request
    if case.number_class == "anonymous":
        return
    for source, place in (("facility", request.facility), ("unit", request.unit), ("phone", request.phone)):
        if _cut(case, place):
            yield Bound("suspension", 0, source=source, kind="lockdown")
        if place.suspensions:
            yield from _bounds(case, "suspension", place.suspensions, source)


def restriction(case: Case) -> Iterable[Bound]:
    """No calls by an inmate who is restricted, nor beyond the moment when they will be."""
    inmate = case.request.inmate
    if inmate is None or case.number_class == "anonymous" or (case.named is not None and case.named.without_pin):
        return
    yield from _bounds(case, "restriction", inmate.restrictions, "inmate")


def _counsel_protected(case: Case) -> bool:
    return case.number_class == "privileged" and case.profile.counsel.needs_determination


def _cut(case: Case, place: Facility | Place) -> bool:
    """Whether the open-ended switch of a place reaches this call; its own switch for counsel is a determination."""
    if _counsel_protected(case):
        return place.counsel_suspended
    return place.suspended or (case.number_class == "privileged" and place.counsel_suspended)


def _bounds(case: Case, rule: str, stops: Iterable[Restriction], source: str) -> Iterator[Bound]:
    """Of each that reaches this call and is not over: a refusal, or how long it leaves until it begins."""
    protected = _counsel_protected(case)
    for stop in stops:
        # Most are over, and are to cost least.
        if (stop.until is not None and stop.until <= case.at) or (protected and not stop.counsel):
            continue
        ahead = stop.since - case.at if stop.since is not None else _NOW
        if ahead > _NOW and stop.until is not None and stop.until - case.at <= ahead:
            continue
        if ahead < _SECOND:
            yield Bound(rule, 0, stop.until, source, stop.kind)
        else:
            yield Bound(rule, ahead // _SECOND, stop.since, source, stop.kind)
