"""When an inmate may call a number in the coming days."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kinline.rules.case import Case, case_of
from kinline.rules.decide import Findings, find, limit_name, next_allowed
from kinline.rules.history import next_start
from kinline.rules.localtime import start_of_day
from kinline.rules.model import CallRequest
from kinline.rules.periods import season_edges
from kinline.rules.profile import Profile

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """A call may begin from `start` until, but not at, `until`, both in the facility's zone.

    One that begins at `start` may last `max_seconds`. Later ones are no longer, and shorter where the opening closes.
    """

    start: datetime
    until: datetime
    max_seconds: int
    limited_by: str


def calendar(request: CallRequest, profile: Profile, days: int) -> list[Opening]:
    """The openings from the request's moment to the end of the `days`-th day, today being the first.

    They say what `decide` says at each of these moments if nothing else happens. Raises ValueError if the facility's
    time zone is unknown.
    """
    case = case_of(request, profile)
    end = start_of_day(case.at.astimezone(case.zone).date() + timedelta(days=days), case.zone)
    return list(_openings(case, end))


def _openings(case: Case, end: datetime) -> Iterator[Opening]:
    moment: datetime | None = case.at
    while moment is not None and moment < end:
        findings = find(replace(case, at=moment))
        if findings.refusals:
            moment = next_allowed(findings)
            continue
        until = _end_of_opening(findings, end)
        yield Opening(
            start=moment.astimezone(case.zone),
            until=until.astimezone(case.zone),
            max_seconds=findings.binding.seconds,
            limited_by=limit_name(findings.binding),
        )
        moment = until


def _end_of_opening(findings: Findings, end: datetime) -> datetime:
    """When a rule first refuses, or changes how long a call may be by more than the time that passes."""
    case = findings.case
    while (moment := min(_next_change(findings) or end, end)) < end:
        before, findings = find(replace(case, at=moment - _SECOND)), find(replace(case, at=moment))
        if findings.refusals or (not before.refusals and not 0 <= before.binding.seconds - findings.binding.seconds <= 1):
            break
    return moment


def _next_change(findings: Findings) -> datetime | None:
    """The first moment after that of the findings at which any rule may say something else."""
    case = findings.case
    changes = [bound.changes_at for bound in findings.bounds] + [given.changes_at for given in findings.guarantees]
    changes.append(next_start(case))
    # A number of calls bounds no call's length, so while some are left its rule is silent, also of a season's end.
    changes += [edge for rule in case.profile.calls for edge in season_edges(rule.bonuses, case.zone, case.at, None)]
    return min((change for change in changes if change is not None and change > case.at), default=None)


def calendar_json(openings: list[Opening]) -> dict[str, Any]:
    """The published form."""
    return {
        "openings": [
            {
                "from": opening.start.isoformat(),
                "until": opening.until.isoformat(),
                "max_seconds": opening.max_seconds,
                "limited_by": opening.limited_by,
            }
            for opening in openings
        ]
    }
