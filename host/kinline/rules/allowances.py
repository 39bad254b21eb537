"""Rules that remember: the wait between calls, minutes and calls in a period."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kinline.rules.case import Bound, Case, case_of
from kinline.rules.history import LONGEST_TALK, calls_made, calls_since, end_of, talk_seconds
from kinline.rules.model import CallRequest
from kinline.rules.periods import extra_at, period_at, season_edges
from kinline.rules.profile import OPEN_CLASSES, Allowance, Classes, Floor, Gap, Profile


def gap(case: Case) -> Iterable[Bound]:
    """The wait since the last call that a gap follows."""
    for rule in case.profile.gaps:
        over = _gap_over(case, rule) if _applies(case, rule.classes) else None
        if over is not None and over > case.at:
            yield Bound("gap", 0, over, rule.source)


def minutes(case: Case) -> Iterable[Bound]:
    """What is left of each allowance of talk. A call counts whole in the period in which it began."""
    for rule in case.profile.minutes:
        if _applies(case, rule.classes):
            start, end = period_of(case, rule)
            used = talk_seconds(case, start, rule.classes, _most(rule) * 60)
            yield _remaining(case, rule, "minutes", 60, 0, used, end)


def calls(case: Case) -> Iterable[Bound]:
    """Whether another call is left of each allowance of calls."""
    for rule in case.profile.calls:
        if _applies(case, rule.classes):
            more = parent_more(case, rule.custodial_parent_more)
            start, end = period_of(case, rule)
            used = calls_made(case, start, rule.classes, _most(rule) + more, rule.failed_count)
            bound = _remaining(case, rule, "calls", 1, more, used, end)
            if bound.refuses:
                yield bound


def talk_left(request: CallRequest, profile: Profile) -> int | None:
    """Seconds of talk that the allowances leave for social numbers at the request's moment; None if none counts minutes."""
    return min((bound.seconds for bound in minutes(case_of(request, profile))), default=None)


def parent_more(case: Case, more: int) -> int:
    """`more` for a custodial parent, else nothing."""
    inmate = case.request.inmate
    return more if inmate is not None and inmate.custodial_parent else 0


def period_of(case: Case, rule: Allowance | Floor) -> tuple[datetime, datetime | None]:
    """Start and end of the period now; custody begins with the arrest, where its time is known."""
    start, end = period_at(rule.period, rule.reset_day, case.zone, case.at)
    inmate = case.request.inmate
    if end is None and inmate is not None and inmate.arrested_at is not None:
        start = max(start, inmate.arrested_at)
    return start, end


def _applies(case: Case, classes: Classes) -> bool:
    # P9 holds whatever classes a profile writes.
    return case.number_class in classes and case.number_class not in OPEN_CLASSES


def _most(rule: Allowance) -> int:
    """The most that there can ever be in a period."""
    return rule.most + sum(bonus.more for bonus in rule.bonuses)


def _gap_over(case: Case, rule: Gap) -> datetime | None:
    wait = timedelta(seconds=rule.seconds)
    reach = wait + (LONGEST_TALK if rule.since == "end" else timedelta())
    moments = []
    for call in calls_since(case, case.at - reach, rule.classes):
        counts = "*" in rule.outcomes or call.outcome in rule.outcomes
        if counts and (not rule.same_number or call.number == case.request.number):
            moments.append((end_of(call) if rule.since == "end" else call.start) + wait)
    return max(moments, default=None)


def _remaining(case: Case, rule: Allowance, name: str, size: int, more: int, used: int, end: datetime | None) -> Bound:
    """What is left now; refused, when there is some again, and else when the allowance next changes."""

    def left(at: datetime) -> int:
        return (rule.most + more + extra_at(rule.bonuses, case.zone, at)) * size - used

    edges = season_edges(rule.bonuses, case.zone, case.at, end) if rule.bonuses else []
    now = max(0, left(case.at))
    changes = next((edge for edge in edges if now or left(edge) > 0), end)
    return Bound(name, now, changes, rule.source)
