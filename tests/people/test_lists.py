"""When a list may change, and what a review decides, whatever is asked in whatever order."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.people.lists import TAKES_A_PLACE, ReviewError, first_moment, next_change, reviewed
from kinline.rules.model import ContactStatus

NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(["America/New_York", "America/Chicago", "UTC", "America/Havana", "Pacific/Auckland"]).map(ZoneInfo)
# Around two clock changes of each zone.
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
STATUSES: tuple[ContactStatus, ...] = ("pending", "approved", "denied", "removed")


def test_all_of_a_day_is_one_change_and_the_next_comes_after_thirty_days() -> None:
    form = datetime(2026, 3, 2, 9, 0, tzinfo=NEW_YORK)
    assert next_change([], form, 30, NEW_YORK) is None
    assert next_change([form], form + timedelta(hours=14), 30, NEW_YORK) is None
    opens = datetime(2026, 4, 1, tzinfo=NEW_YORK)
    assert next_change([form], form + timedelta(days=1), 30, NEW_YORK) == opens
    assert next_change([form], opens - timedelta(seconds=1), 30, NEW_YORK) == opens
    assert next_change([form], opens, 30, NEW_YORK) is None


def test_without_a_window_a_list_may_always_change() -> None:
    form = datetime(2026, 3, 2, 9, 0, tzinfo=NEW_YORK)
    assert next_change([form], form + timedelta(days=1), None, NEW_YORK) is None


def test_a_change_of_a_clock_set_back_still_counts() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=NEW_YORK)
    assert next_change([at + timedelta(days=3)], at, 30, NEW_YORK) == datetime(2026, 4, 4, tzinfo=NEW_YORK)


@given(st.lists(MOMENTS, max_size=30), st.integers(1, 60), ZONES)
def test_changes_that_were_let_pass_lie_apart(attempts: list[datetime], every: int, zone: ZoneInfo) -> None:
    edits: list[datetime] = []
    for at in sorted(attempts):
        opens = next_change(edits, at, every, zone)
        if opens is None:
            edits.append(at)
            continue
        # The first moment that is named is the first that is let pass.
        assert opens > at
        assert next_change(edits, opens, every, zone) is None
        assert next_change(edits, opens - timedelta(microseconds=1), every, zone) == opens
    days = sorted({edit.astimezone(zone).date() for edit in edits})
    assert all(later - earlier >= timedelta(days=every) for earlier, later in pairwise(days))


@given(st.lists(MOMENTS, max_size=10), MOMENTS, MOMENTS, ZONES)
def test_one_more_change_never_opens_a_list_earlier(edits: list[datetime], more: datetime, at: datetime, zone: ZoneInfo) -> None:
    before, after = next_change(edits, at, 30, zone), next_change([*edits, more], at, 30, zone)
    if before is not None and more.astimezone(zone).date() != at.astimezone(zone).date():
        assert after is not None and after >= before


def test_the_first_moment_of_a_day_whose_midnight_is_skipped() -> None:
    havana = ZoneInfo("America/Havana")
    assert first_moment(date(2026, 3, 8), havana).isoformat() == "2026-03-08T01:00:00-04:00"
    assert first_moment(date(2026, 3, 9), havana).isoformat() == "2026-03-09T00:00:00-04:00"


@given(st.sampled_from(STATUSES), st.lists(st.tuples(st.sampled_from(STATUSES), st.booleans()), max_size=12))
def test_a_barred_number_is_never_approved(status: ContactStatus, reviews: list[tuple[ContactStatus, bool]]) -> None:
    for wanted, barred in reviews:
        try:
            after = reviewed(status, wanted, barred)
        except ReviewError:
            continue
        assert after == wanted or (wanted == "approved" and barred and after == "denied")
        assert not (barred and after == "approved")
        status = after


@pytest.mark.parametrize(
    ("status", "wanted", "barred", "after"),
    [
        ("pending", "approved", False, "approved"),
        ("pending", "denied", False, "denied"),
        ("pending", "approved", True, "denied"),
        ("denied", "approved", False, "approved"),
        ("denied", "approved", True, "denied"),
        ("approved", "removed", False, "removed"),
    ],
)
def test_what_a_review_decides(status: ContactStatus, wanted: ContactStatus, barred: bool, after: ContactStatus) -> None:
    assert reviewed(status, wanted, barred) == after


@pytest.mark.parametrize(
    ("status", "wanted", "said"),
    [
        ("removed", "approved", "enter a new request"),
        ("removed", "denied", "enter a new request"),
        ("approved", "approved", "it can become denied or removed"),
        ("approved", "pending", "it can become denied or removed"),
        ("pending", "pending", "it can become approved or denied or removed"),
    ],
)
def test_what_a_review_cannot_decide(status: ContactStatus, wanted: ContactStatus, said: str) -> None:
    with pytest.raises(ReviewError, match=said):
        reviewed(status, wanted, barred=False)


def test_what_waits_or_stands_takes_a_place() -> None:
    assert {"pending", "approved"} == TAKES_A_PLACE
