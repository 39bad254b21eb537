"""The periods in which allowances are counted: local days, weeks, months, and all of custody."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kinline.rules.localtime import start_of_day
from kinline.rules.profile import Bonus, Period

# Before every telephone: a period without a beginning begins here.
BEGINNING = datetime(1800, 1, 1, tzinfo=UTC)


def period_at(period: Period, reset_day: int, zone: ZoneInfo, at: datetime) -> tuple[datetime, datetime | None]:
    """Start and excluded end, both UTC, of the period that holds `at`; custody has no end.

    A period begins at the first moment of its first local day, so at midnight unless a clock change skips it.
    """
    if period == "custody":
        return BEGINNING, None
    start, end = _period_of(period, reset_day, zone, at.astimezone(zone).date())
    # A clock set back over midnight shows the day before once more; its period is over all the same.
    while end <= at:
        start, end = _period_of(period, reset_day, zone, end.astimezone(zone).date())
    return start, end


@lru_cache(maxsize=1024)
def _period_of(period: Period, reset_day: int, zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    first = _first_day(period, reset_day, day)
    return start_of_day(first, zone), start_of_day(_next_first_day(period, first), zone)


def _first_day(period: Period, reset_day: int, day: date) -> date:
    if period == "week":
        return day - timedelta(days=(day.isoweekday() - reset_day) % 7)
    if period == "month":
        start = day.replace(day=reset_day)
        return start if start <= day else (start.replace(day=1) - timedelta(days=1)).replace(day=reset_day)
    return day


def _next_first_day(period: Period, first: date) -> date:
    if period == "month":
        return (first.replace(day=1) + timedelta(days=32)).replace(day=first.day)
    return first + timedelta(days=7 if period == "week" else 1)


def extra_at(bonuses: Sequence[Bonus], zone: ZoneInfo, at: datetime) -> int:
    """How much more there is at a moment, by its local date."""
    if not bonuses:
        return 0
    today = at.astimezone(zone).strftime("%m-%d")
    return sum(bonus.more for bonus in bonuses if _in_season(bonus, today))


def season_edges(bonuses: Iterable[Bonus], zone: ZoneInfo, after: datetime, until: datetime | None) -> list[datetime]:
    """The moments after `after` and before `until` (absent: a year on) at which a season begins or is over."""
    limit = until or after + timedelta(days=366)
    years = range(after.year - 1, limit.year + 2)
    days = {day for bonus in bonuses for year in years for day in _edges(bonus, year)}
    return sorted(moment for day in days if after < (moment := start_of_day(day, zone)) < limit)


def _in_season(bonus: Bonus, today: str) -> bool:
    # Days of the year as MM-DD sort as text. A season may go over the new year.
    first, last = bonus.first_day, bonus.last_day
    return first <= today <= last if first <= last else today >= first or today <= last


def _edges(bonus: Bonus, year: int) -> Iterable[date]:
    """The first day of the season, and the first day after it."""
    for text, offset in ((bonus.first_day, 0), (bonus.last_day, 1)):
        month, day = int(text[:2]), int(text[3:])
        try:
            yield date(year, month, day) + timedelta(days=offset)
        except ValueError:  # 29 February of a common year
            yield date(year, month + 1, 1)
