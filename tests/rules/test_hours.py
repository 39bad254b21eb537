"""Windows of local time against a wall clock read minute by minute, and on the days when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.rules import Window
from kinline.rules.hours import closing_time, opening_time
from tests.rules.strategies import windows

NEW_YORK = ZoneInfo("America/New_York")


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK, fold=fold)  # type: ignore[arg-type, misc]


def is_open(schedules: list[list[Window]], at: datetime) -> bool:
    wall = at.astimezone(NEW_YORK)
    minute = wall.hour * 60 + wall.minute
    return all(any(window.start <= minute < window.end for window in own) for own in schedules)


# Days without a change of the clock around them: there the wall clock alone decides.
quiet = st.datetimes(datetime(2026, 5, 1), datetime(2026, 9, 30)).map(
    lambda naive: naive.replace(second=0, microsecond=0, tzinfo=UTC)
)
schedules = st.lists(st.lists(windows(), min_size=1, max_size=3), min_size=1, max_size=2)


@given(schedules, quiet)
def test_closing_time_is_the_first_closed_minute(plan: list[list[Window]], at: datetime) -> None:
    closing = closing_time(plan, NEW_YORK, at)
    if not is_open(plan, at):
        assert closing == at
    elif closing is None:
        assert all(is_open(plan, at + timedelta(minutes=minute)) for minute in range(0, 48 * 60, 7))
    else:
        assert not is_open(plan, closing)
        assert is_open(plan, closing - timedelta(minutes=1))
        minutes = int((closing - at).total_seconds() // 60)
        assert all(is_open(plan, at + timedelta(minutes=minute)) for minute in range(minutes))


@given(schedules, quiet)
def test_opening_time_is_the_first_open_minute(plan: list[list[Window]], at: datetime) -> None:
    opening = opening_time(plan, NEW_YORK, at)
    if opening is None:
        assert not any(is_open(plan, at + timedelta(minutes=minute)) for minute in range(24 * 60))
    else:
        minutes = int((opening - at).total_seconds() // 60)
        assert is_open(plan, opening)
        assert not any(is_open(plan, at + timedelta(minutes=minute)) for minute in range(minutes))


def test_windows_that_touch_at_midnight_are_one() -> None:
    plan = [[Window.parse("20:00", "24:00"), Window.parse("00:00", "02:00")]]
    assert closing_time(plan, NEW_YORK, local(2026, 5, 1, 23, 0)) == local(2026, 5, 2, 2, 0)


class TestClockChanges:
    """2026: clocks go forward on 8 March at 02:00, and back on 1 November at 02:00."""

    def test_a_window_over_the_spring_change_is_an_hour_shorter(self) -> None:
        plan = [[Window.parse("01:00", "04:00")]]
        closing = closing_time(plan, NEW_YORK, local(2026, 3, 8, 1, 0))
        assert closing == datetime(2026, 3, 8, 8, 0, tzinfo=UTC)
        assert closing - local(2026, 3, 8, 1, 0).astimezone(UTC) == timedelta(hours=2)

    @pytest.mark.parametrize(("start", "end"), [("02:15", "04:00"), ("02:59", "04:00")])
    def test_a_skipped_opening_opens_at_the_change(self, start: str, end: str) -> None:
        opening = opening_time([[Window.parse(start, end)]], NEW_YORK, local(2026, 3, 8, 0, 0))
        assert opening == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)

    def test_a_skipped_closing_closes_at_the_change(self) -> None:
        closing = closing_time([[Window.parse("00:00", "02:30")]], NEW_YORK, local(2026, 3, 8, 1, 0))
        assert closing == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)

    def test_a_skipped_window_does_not_open(self) -> None:
        opening = opening_time([[Window.parse("02:10", "02:50")]], NEW_YORK, local(2026, 3, 8, 0, 0))
        assert opening == local(2026, 3, 9, 2, 10)

    def test_a_repeated_hour_belongs_to_its_window_whole(self) -> None:
        plan = [[Window.parse("00:30", "01:30")]]
        first = local(2026, 11, 1, 1, 15, fold=0)
        assert closing_time(plan, NEW_YORK, first) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)

    def test_a_repeated_opening_opens_the_first_time(self) -> None:
        opening = opening_time([[Window.parse("01:15", "03:00")]], NEW_YORK, local(2026, 11, 1, 0, 0))
        assert opening == datetime(2026, 11, 1, 5, 15, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), [("6:00", "07:00"), ("06:00", "24:01"), ("06:61", "07:00"), ("٠٦:٠٠", "07:00")])
def test_what_is_no_time_of_day_is_said_so(start: str, end: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        Window.parse(start, end)


@pytest.mark.parametrize(("start", "end"), [("06:00", "06:00"), ("22:00", "02:00")])
def test_an_empty_or_night_window_is_refused(start: str, end: str) -> None:
    with pytest.raises(ValueError, match="empty or runs past midnight"):
        Window.parse(start, end)
