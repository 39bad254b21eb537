"""The earlier calls that a rule looks at, found without reading all of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kinline.rules.case import Case
from kinline.rules.model import PastCall
from kinline.rules.periods import period_at
from kinline.rules.profile import Classes, Profile

COMPLETED = "completed"
# An attempt that the rules themselves refused is no call: else trying again would lengthen the wait.
REFUSED_BY_RULE = "denied"

# No profile has calls of a day's length; a talk time beyond it is a fault in the record and counts as a day.
LONGEST_TALK = timedelta(days=1)


def calls_since(case: Case, since: datetime, classes: Classes) -> Iterator[PastCall]:
    """Calls of these classes that began from `since` up to now, the latest first.

    A call that begins after the moment of the decision is not known then, and so never counts.
    """
    history, starts = case.request.history, case.request.starts
    first, last = bisect_left(starts, since.timestamp()), bisect_right(starts, case.at.timestamp()) - 1
    for index in range(last, first - 1, -1):
        call = history[index]
        # Without a class of its own, a call has the class that its number has now.
        if (call.number_class or case.classes.get(call.number, "social")) in classes and call.outcome != REFUSED_BY_RULE:
            yield call


def next_start(case: Case) -> datetime | None:
    """When the next call of the history begins, for a case that is asked about the future."""
    history = case.request.history
    following = bisect_right(case.request.starts, case.at.timestamp())
    return history[following].start if following < len(history) else None


def end_of(call: PastCall) -> datetime:
    """When the talk was over."""
    return call.start + min(timedelta(seconds=min(call.talk_seconds, LONGEST_TALK.days * 86400)), LONGEST_TALK)


def history_needed_since(profile: Profile, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The earliest start of a call that any rule of the profile can look at; None if none looks at the past."""
    waits = [timedelta(seconds=gap.seconds) + (LONGEST_TALK if gap.since == "end" else timedelta()) for gap in profile.gaps]
    periods = {(rule.period, rule.reset_day) for rule in (*profile.minutes, *profile.calls)}
    periods |= {(floor.period, floor.reset_day) for floor in profile.floors}
    starts = [at - wait for wait in waits] + [period_at(period, day, zone, at)[0] for period, day in periods]
    return min(starts, default=None)
