"""The earlier calls that a rule looks at, found without reading all of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kinline.rules.case import Case
from kinline.rules.model import NumberClass, PastCall
from kinline.rules.periods import period_at
from kinline.rules.profile import Classes, Profile

COMPLETED = "completed"
# An attempt that the rules themselves refused is no call: else trying again would lengthen the wait.
REFUSED_BY_RULE = "denied"

# No profile has calls of a day's length; a talk time beyond it is a fault in the record and counts as a day.
LONGEST_TALK = timedelta(days=1)

# Calls read at once. A month has some hundreds; of a history of years, a rule that has seen enough reads no more.
_AT_A_TIME = 512


def calls_since(case: Case, since: datetime, classes: Classes) -> Iterator[PastCall]:
    """Calls of these classes that began from `since` up to now, the latest first."""
    first, last = _slice(case, since)
    for call in reversed(case.request.history[first:last]):
        if call.outcome != REFUSED_BY_RULE and _class(case, call) in classes:
            yield call


def talk_seconds(case: Case, since: datetime, classes: Classes, enough: int) -> int:
    """Seconds of talk in completed calls that began from `since` on; no further back than makes `enough`."""
    return _total(case, since, classes, enough, talk=True, failed_too=False)


def calls_made(case: Case, since: datetime, classes: Classes, enough: int, failed_too: bool = False) -> int:
    """Calls that began from `since` on, completed ones or every attempt; counted no further than `enough`."""
    return _total(case, since, classes, enough, talk=False, failed_too=failed_too)


def _total(case: Case, since: datetime, classes: Classes, enough: int, talk: bool, failed_too: bool) -> int:
    first, last = _slice(case, since)
    key = (first, last, classes, failed_too)
    unread, made, talked = case.totals.get(key, (last, 0, 0))
    while unread > first and (talked if talk else made) < enough:
        part = case.request.history[max(first, unread - _AT_A_TIME) : unread]
        seconds = _counted(case, part, classes, failed_too)
        unread, made, talked = unread - len(part), made + len(seconds), talked + sum(seconds)
    case.totals[key] = unread, made, talked
    return talked if talk else made


def _counted(case: Case, calls: Sequence[PastCall], classes: Classes, failed_too: bool) -> list[int]:
    """The talk of each of these calls that counts. The one loop that may see thousands of calls: `_class` is written out."""
    class_now = case.classes.get
    return [
        call.talk_seconds
        for call in calls
        if (call.outcome == COMPLETED or (failed_too and call.outcome != REFUSED_BY_RULE))
        and (call.number_class or class_now(call.number, "social")) in classes
    ]


def _slice(case: Case, since: datetime) -> tuple[int, int]:
    """Where in the history the calls are that began from `since` up to now.

    A call that begins after the moment of the decision is not known then, and so never counts.
    """
    starts = case.request.starts
    return bisect_left(starts, since.timestamp()), bisect_right(starts, case.at.timestamp())


def _class(case: Case, call: PastCall) -> NumberClass:
    """As recorded; without that, what its number is now."""
    return call.number_class or case.classes.get(call.number, "social")


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
