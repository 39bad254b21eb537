"""Daily windows of local time as spans of real time.

A window is one span a day: from the first time the wall clock shows its start to the last time it shows its end.
So an hour that the autumn change repeats belongs to the window whole, and a start or end that the spring change
skips falls on the moment of the change.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kinline.rules.localtime import instant
from kinline.rules.model import Window

Span = tuple[datetime, datetime]
"""Start and excluded end, both UTC."""

# Windows repeat daily, so two different schedules that ever overlap do so within a day; a week leaves room
# for schedules by day of week.
_HORIZON_DAYS = 8


def closing_time(schedules: Sequence[Sequence[Window]], zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the hours that are open at `at` end, in UTC; `at` itself if they are closed; None if not within days."""
    for start, end in _open_spans(schedules, zone, at):
        if start <= at < end:
            return end if end - at < timedelta(days=2) else None
    return at


def opening_time(schedules: Sequence[Sequence[Window]], zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first moment not before `at` at which every schedule is open, in UTC; None if there is none."""
    for start, end in _open_spans(schedules, zone, at):
        if at < end:
            return max(at, start)
    return None


def _open_spans(schedules: Sequence[Sequence[Window]], zone: ZoneInfo, at: datetime) -> Sequence[Span]:
    return _open_spans_on(tuple(map(tuple, schedules)), zone, at.astimezone(zone).date())


# A facility's schedules seldom change, and its day is asked about at every attempt.
@lru_cache(maxsize=1024)
def _open_spans_on(schedules: tuple[tuple[Window, ...], ...], zone: ZoneInfo, today: date) -> Sequence[Span]:
    calendar = [today + timedelta(days=offset) for offset in range(-1, _HORIZON_DAYS)]
    spans: list[Span] | None = None
    for windows in schedules:
        own = _joined(_span(day, window, zone) for day in calendar for window in sorted(windows))
        spans = own if spans is None else _intersection(spans, own)
    return spans or []


@lru_cache(maxsize=4096)
def _span(day: date, window: Window, zone: ZoneInfo) -> Span:
    return instant(day, window.start, zone), instant(day, window.end, zone, last=True)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _intersection(ours: list[Span], theirs: list[Span]) -> list[Span]:
    overlaps = ((max(a[0], b[0]), min(a[1], b[1])) for a in ours for b in theirs)
    return _joined(overlaps)
