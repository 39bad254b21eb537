"""Moments, in UTC, at which a wall clock shows a time of day."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kinline.rules.model import MINUTES_A_DAY


@lru_cache(maxsize=1024)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day: midnight, or the clock change that skips it."""
    return instant(day, 0, zone)


def instant(day: date, minutes: int, zone: ZoneInfo, last: bool = False) -> datetime:
    """When the wall clock shows `minutes` after midnight of `day`: the first time, or the last.

    A time that a clock change skips is the moment of the change.
    """
    if minutes == MINUTES_A_DAY:
        day, minutes = day + timedelta(days=1), 0
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, fold=int(last), tzinfo=zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    return _clock_change(wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC), zone)


def _clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second between two UTC moments at which the zone's offset changes."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
