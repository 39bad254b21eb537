"""The month closes to the micro-dollar, or is not drawn up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.accounts import LedgerError, MoneyError
from kinline.accounts.inactivity import INACTIVE_AFTER, Activity, inactive
from kinline.accounts.statement import CallCharge, Movement, month_span, statement, statement_text

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
ZONE = "America/New_York"
ACCOUNT = "prepaid:+12025550123"
CALL = CallCharge(7, "+12025550123", "1001", NOON, 125, 210_000)

movements = st.builds(
    Movement,
    at=st.just(NOON),
    entry_kind=st.sampled_from(["deposit", "payment", "capture", "bill", "credit", "refund"]),
    amount_micros=st.integers(-(10**9), 10**9),
)


@given(st.lists(movements, max_size=20), st.integers(-(10**9), 10**9))
def test_it_closes(drawn: list[Movement], opening: int) -> None:
    closing = opening + sum(movement.amount_micros for movement in drawn)
    told = statement(ACCOUNT, "2026-03", ZONE, opening, closing, 0, drawn)
    sums = told.deposits_micros + told.payments_micros + told.credits_micros - told.charges_micros - told.refunds_micros
    assert told.opening_micros + sums == told.closing_micros == closing
    assert sum(line.amount_micros for line in told.lines) == closing - opening


@given(st.lists(movements, max_size=5), st.integers(-10, 10).filter(bool))
def test_one_that_does_not_close_is_not_drawn_up(drawn: list[Movement], off: int) -> None:
    closing = sum(movement.amount_micros for movement in drawn) + off
    with pytest.raises(LedgerError, match="does not close"):
        statement(ACCOUNT, "2026-03", ZONE, 0, closing, 0, drawn)


def test_a_kind_without_a_line_is_not_passed_over() -> None:
    with pytest.raises(LedgerError, match="no line"):
        statement(ACCOUNT, "2026-03", ZONE, 0, 1, 0, [Movement(NOON, "fee", 1)])


def test_a_family_can_read_it() -> None:
    lines = [Movement(NOON, "deposit", 5_000_000, "till-1"), Movement(NOON, "capture", -437_500, None, CALL)]
    text = statement_text(statement(ACCOUNT, "2026-03", ZONE, 0, 4_562_500, 60_000, lines), "en")
    assert "03-02 12:00  Call +12025550123 2 min 5 s" in text and "-$0.4375" in text and "$4.5625" in text
    assert "$0.06 is set aside" in text and "no other charges" in text
    assert "Saldo al final del mes" in statement_text(statement(ACCOUNT, "2026-03", ZONE, 0, 4_562_500, 0, lines), "es")


@pytest.mark.parametrize(
    ("month", "since", "hours"),
    [
        ("2026-02", "2026-02-01T00:00:00-05:00", 28 * 24),
        ("2026-03", "2026-03-01T00:00:00-05:00", 31 * 24 - 1),
        ("2026-11", "2026-11-01T00:00:00-04:00", 30 * 24 + 1),
        ("2026-12", "2026-12-01T00:00:00-05:00", 31 * 24),
    ],
)
def test_a_month_is_the_facilitys_and_knows_its_clock_changes(month: str, since: str, hours: int) -> None:
    first, following = month_span(month, ZONE)
    assert first.isoformat() == since
    assert following.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026", "26-03", "2026-3", "March", "2026-03-01", ""])
def test_what_is_no_month(month: str) -> None:
    with pytest.raises(MoneyError, match="is not a month"):
        month_span(month, ZONE)


class TestInactivity:
    def test_it_begins_after_180_days_to_the_moment(self) -> None:
        one = Activity(ACCOUNT, 1, NOON)
        assert inactive([one], NOON + INACTIVE_AFTER - timedelta(microseconds=1)) == []
        assert [found.account for found in inactive([one], NOON + INACTIVE_AFTER)] == [ACCOUNT]
        assert timedelta(days=180) == INACTIVE_AFTER

    def test_nothing_is_owed_from_an_empty_account(self) -> None:
        accounts = [Activity(ACCOUNT, 0, NOON), Activity("receivable:collect:+12025550123", -5, NOON)]
        assert inactive(accounts, NOON + 2 * INACTIVE_AFTER) == []

    def test_a_contact_before_the_last_use_is_no_contact(self) -> None:
        before, since = NOON - timedelta(days=1), NOON + timedelta(days=181)
        accounts = [Activity("debit:1", 1, NOON, before), Activity("debit:2", 1, NOON, since)]
        assert [one.contacted_at for one in inactive(accounts, NOON + timedelta(days=200))] == [None, since]

    @given(st.lists(st.integers(0, 400), max_size=8))
    def test_the_longest_untouched_come_first(self, days: list[int]) -> None:
        accounts = [Activity(f"debit:{i}", 1, NOON + timedelta(days=day)) for i, day in enumerate(days)]
        found = inactive(accounts, NOON + timedelta(days=300))
        assert [one.last_at for one in found] == sorted(one.last_at for one in found)
        assert len(found) == sum(day <= 120 for day in days)
