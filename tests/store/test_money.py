"""Money on the database: credit, credits, closing, kiosk files, prices, statements, receipts, accounts left alone."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kinline.accounts import (
    AccountClosed,
    InsufficientFunds,
    KeyReused,
    LedgerError,
    charge_micros,
    debit_account,
    prepaid_account,
    receivable_account,
)
from kinline.accounts.kiosk import KioskFileError, KioskPayment, read_payments
from kinline.accounts.rates import RateError, RateLine
from kinline.accounts.receipt import faults
from kinline.rules import Allow
from kinline.rules.model import Billing
from kinline.store.errors import CallRefused, Conflict, NotFound
from kinline.store.store import Store
from tests.store.hosts import together
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE, begun, store_at

TEN = 10_000_000
DIRECT_BILL = receivable_account("direct_bill", MOTHER)
# Without a deposit yet: what happens on her account happens at the moments that a test says.
AUNT = "+12025550144"
AUNTS = prepaid_account(AUNT)
PRICE = charge_micros(RATE, 900)


def grant(billing: str = "prepaid", seconds: int = 900) -> Allow:
    return Allow(seconds, "call_length", True, True, 0 if billing == "free" else RATE, cast(Billing, billing))


def talked(
    store: Store,
    billing: str = "prepaid",
    seconds: int = 60,
    at: datetime = NOON,
    ended_by: str = "caller",
    credits_faults: bool = False,
    number: str = MOTHER,
) -> int:
    """A call that was accepted and talked, and has ended."""
    call = store.begin_call("h1", 1, number, grant(billing), PROFILE, at, "Contract 12", credits_faults)
    store.mark_accepted(call, at)
    store.end_call(call, "completed", ended_by, seconds, at + timedelta(seconds=seconds))
    return call


def refused(store: Store, billing: str, handset: str = "h1", inmate: int = 1) -> str:
    with pytest.raises(CallRefused) as caught:
        store.begin_call(handset, inmate, MOTHER, grant(billing), PROFILE, NOON)
    return caught.value.rule


class TestDirectBill:
    def test_two_handsets_cannot_overdraw_the_credit(self, store: Store) -> None:
        store.set_credit_limit(MOTHER, PRICE * 3 // 2)
        call = store.begin_call("h1", 1, MOTHER, grant("direct_bill"), PROFILE, NOON)
        assert refused(store, "direct_bill", "h2", 2) == "balance"
        store.mark_accepted(call, NOON)
        store.end_call(call, "completed", "caller", 60, NOON)
        info = store.account(DIRECT_BILL)
        assert (info.owed_micros, info.credit_left_micros, info.held_micros) == (RATE, PRICE * 3 // 2 - RATE, 0)

    def test_the_rules_see_what_is_left(self, store: Store) -> None:
        assert not store.call_request(1, MOTHER, "h1", NOON).called_party.direct_bill
        store.set_credit_limit(MOTHER, PRICE)
        talked(store, "direct_bill")
        party = store.call_request(1, MOTHER, "h1", NOON).called_party
        assert (party.direct_bill, party.direct_bill_credit_micros) == (True, PRICE - RATE)
        store.set_credit_limit(MOTHER, None)
        assert not store.call_request(1, MOTHER, "h1", NOON).called_party.direct_bill

    def test_without_an_arrangement_nothing_is_billed(self, store: Store) -> None:
        assert refused(store, "direct_bill") == "balance"
        assert store.calls() == []

    def test_what_is_owed_is_paid_once_and_not_over(self, store: Store) -> None:
        store.set_credit_limit(MOTHER, PRICE)
        talked(store, "direct_bill")
        with pytest.raises(LedgerError, match="put the rest on a prepaid account"):
            store.pay(DIRECT_BILL, RATE + 1, "cheque")
        assert store.pay(DIRECT_BILL, RATE, "cheque") == store.pay(DIRECT_BILL, RATE, "cheque") == 0
        assert store.trial_balance() == 0

    def test_hosts_share_the_credit(self, address: str) -> None:
        """Each of two hosts dials again and again; the credit is enough for three whole calls of the many."""
        setting = store_at(address)
        setting.set_credit_limit(MOTHER, 3 * PRICE)
        setting.close()

        def dial(store: Store, host: int) -> list[str]:
            outcomes = []
            for _ in range(6):
                try:
                    call = store.begin_call(f"h{host + 1}", host + 1, MOTHER, grant("direct_bill"), PROFILE, NOON)
                except CallRefused as error:
                    outcomes.append(error.rule)
                    continue
                store.mark_accepted(call, NOON)
                store.end_call(call, "completed", "clock", 900, NOON)
                outcomes.append("talked")
            return outcomes

        outcomes = [word for words in together(address, 2, dial) for word in words]
        assert (outcomes.count("talked"), outcomes.count("balance")) == (3, 9)
        store = store_at(address)
        assert (store.account(DIRECT_BILL).owed_micros, store.trial_balance()) == (3 * PRICE, 0)
        assert store.verify_books().whole
        store.close()


class TestCredits:
    @pytest.mark.parametrize(("ended_by", "promised", "back"), [("fault", True, RATE), ("fault", False, 0), ("caller", True, 0)])
    def test_a_fault_costs_nothing_where_the_profile_says_so(
        self, store: Store, ended_by: str, promised: bool, back: int
    ) -> None:
        call = talked(store, ended_by=ended_by, credits_faults=promised)
        assert store.balance_micros(PREPAID) == TEN - RATE + back
        assert store.receipt(call).credited_micros == back
        assert faults(store.receipt(call)) == []

    def test_it_holds_through_a_crash(self, store: Store) -> None:
        call = store.begin_call("h1", 1, MOTHER, grant(), PROFILE, NOON, credits_faults=True)
        store.mark_accepted(call, NOON)
        store.checkpoint({call: 60})
        assert [info.charged_micros for info in store.recover(NOON + timedelta(minutes=5))] == [RATE]
        assert store.balance_micros(PREPAID) == TEN

    def test_staff_give_back_once(self, store: Store) -> None:
        call = talked(store)
        for _ in range(2):
            assert store.credit_call(call, RATE // 2, "noise") == TEN - RATE + RATE // 2
        with pytest.raises(KeyReused, match=f"call:{call}:credit was used before"):
            store.credit_call(call, RATE, "noise")

    def test_not_what_was_never_charged(self, store: Store) -> None:
        call = begun(store)
        with pytest.raises(LedgerError, match="nothing to give back"):
            store.credit_call(call)
        store.end_call(call, "refused", "called_party", 0, NOON)
        with pytest.raises(LedgerError, match=r"was charged \$0.00"):
            store.credit_call(call)
        with pytest.raises(NotFound):
            store.credit_call(99)


class TestClosing:
    def test_the_money_goes_back_and_nothing_comes_in(self, store: Store) -> None:
        assert store.close_account(PREPAID, "last") == TEN
        assert store.close_account(PREPAID, "last") == 0
        with pytest.raises(AccountClosed, match="open it again"):
            store.deposit(PREPAID, 1, "late")
        assert refused(store, "prepaid") == "balance"
        assert store.open_account(PREPAID) and not store.open_account(PREPAID)
        store.deposit(PREPAID, 1, "late")
        assert store.trial_balance() == 0

    def test_not_under_a_call(self, store: Store) -> None:
        call = begun(store)
        with pytest.raises(LedgerError, match="when the call has ended"):
            store.close_account(PREPAID, "last")
        store.end_call(call, "refused", "called_party", 0, NOON)
        assert store.close_account(PREPAID, "last") == TEN

    def test_credit_ends_with_it(self, store: Store) -> None:
        store.set_credit_limit(MOTHER, PRICE)
        talked(store, "direct_bill")
        with pytest.raises(LedgerError, match="owes"):
            store.close_account(DIRECT_BILL, "last")
        store.pay(DIRECT_BILL, RATE, "cheque")
        store.close_account(DIRECT_BILL, "last")
        assert refused(store, "direct_bill") == "balance"
        with pytest.raises(Conflict, match="open it again first"):
            store.set_credit_limit(MOTHER, PRICE)
        store.open_account(DIRECT_BILL)
        assert refused(store, "direct_bill") == "balance"

    @pytest.mark.parametrize("account", ["cash", "revenue", "held:1", "prepaid:+12025550188", "nothing"])
    def test_the_houses_books_are_nobodys_to_close(self, store: Store, account: str) -> None:
        begun(store)
        for deed in (lambda: store.close_account(account, "last"), lambda: store.open_account(account)):
            with pytest.raises(NotFound):
                deed()


class TestKiosk:
    @staticmethod
    def payment(key: str = "K1", inmate: str = "1001", micros: int = TEN, line: int = 2) -> KioskPayment:
        return KioskPayment(line, key, inmate, micros, NOON)

    def test_each_key_counts_once(self, store: Store) -> None:
        first = store.import_payments("north", "canteen", [self.payment(), self.payment("K2", "1002")], "monday.csv", NOON)
        assert (first.taken, first.taken_micros, first.known) == (2, 2 * TEN, 0)
        again = store.import_payments("north", "canteen", [self.payment(), self.payment("K3")], "tuesday.csv", NOON)
        assert (again.taken, again.known) == (1, 1)
        assert store.balance_micros(debit_account(1)) == 3 * TEN
        assert store.verify_books().whole and store.trial_balance() == 0

    @pytest.mark.parametrize("change", [{"micros": 1}, {"inmate": "1002"}])
    def test_a_key_with_another_content_names_both_and_takes_nothing(self, store: Store, change: dict[str, object]) -> None:
        store.import_payments("north", "canteen", [self.payment()], "monday.csv", NOON)
        with pytest.raises(KioskFileError) as caught:
            other = [self.payment("K9"), self.payment(line=7, **change)]  # type: ignore[arg-type]
            store.import_payments("north", "canteen", other, "tuesday.csv", NOON)
        said = str(caught.value)
        assert "line 7: key 'K1'" in said and "line 2 of monday.csv" in said and "$10.00 for 1001" in said
        assert store.balance_micros(debit_account(1)) == 2 * TEN

    def test_sources_have_keys_of_their_own(self, store: Store) -> None:
        for source in ("canteen", "kiosk"):
            assert store.import_payments("north", source, [self.payment()], "f", NOON).taken == 1

    def test_every_line_that_cannot_be_taken_is_told_and_none_is(self, store: Store) -> None:
        store.close_account(debit_account(2), "release")
        lines = [self.payment(), self.payment("K2", "9", line=3), self.payment("K3", "1002", line=4)]
        with pytest.raises(KioskFileError) as caught:
            store.import_payments("north", "canteen", lines, "f", NOON)
        assert [fault.line for fault in caught.value.faults] == [3, 4]
        assert "'9' of north does not exist" in str(caught.value) and "1002 is closed" in str(caught.value)
        assert store.balance_micros(debit_account(1)) == TEN

    def test_a_file_as_it_comes(self, store: Store) -> None:
        data = b"key,inmate,amount,time\nK1,1001,10.00,2026-03-02T11:00:00-05:00\n"
        for taken in (1, 0):
            payments = read_payments(data, "csv", NOON)
            assert store.import_payments("north", "canteen", payments, "f", NOON).taken == taken

    def test_the_same_file_at_two_hosts(self, address: str) -> None:
        lines = [self.payment(f"K{n}", micros=1000 + n, line=n) for n in range(50)]
        reports = together(address, 2, lambda store, host: store.import_payments("north", "canteen", lines, "f", NOON).taken)
        assert sorted(reports) == [0, 50]
        store = store_at(address)
        assert store.balance_micros(debit_account(1)) == TEN + sum(line.amount_micros for line in lines)
        store.close()

    @pytest.mark.parametrize("deed", ["UPDATE kiosk_payment SET amount_micros = 1", "DELETE FROM kiosk_payment"])
    def test_what_was_taken_stays_written(self, store: Store, deed: str) -> None:
        store.import_payments("north", "canteen", [self.payment()], "f", NOON)
        with pytest.raises(DBAPIError, match="append-only"), store.engine.begin() as connection:
            connection.execute(text(deed))


class TestRates:
    today = date(2026, 3, 2)

    def line(self, micros: int, day: int = 0, until: int | None = None, number_class: str | None = None) -> RateLine:
        end = None if until is None else self.today + timedelta(days=until)
        return RateLine(micros, "Contract 12", number_class, self.today + timedelta(days=day), end)

    def test_a_new_price_ends_the_old_one(self, store: Store) -> None:
        store.set_rate("north", self.line(60_000), NOON)
        store.set_rate("north", self.line(50_000, 10), NOON)
        store.set_rate("north", self.line(20_000, 5, number_class="privileged"), NOON)
        assert {(one.number_class, one.micros_per_minute, one.until) for one in store.rates("north")} == {
            (None, 50_000, None),
            (None, 60_000, self.today + timedelta(days=10)),
            ("privileged", 20_000, None),
        }

    @pytest.mark.parametrize(
        ("day", "until", "number_class", "said"),
        [(-1, None, None, "today"), (0, None, None, "meets"), (3, 8, None, "meets"), (0, None, "relay", "are free")],
    )
    def test_a_price_that_cannot_be(self, store: Store, day: int, until: int | None, number_class: str | None, said: str) -> None:
        store.set_rate("north", self.line(60_000, 0, 2), NOON)
        store.set_rate("north", self.line(50_000, 5), NOON)
        before = store.rates("north")
        with pytest.raises(RateError, match=said):
            store.set_rate("north", self.line(1, day, until, number_class), NOON)
        assert store.rates("north") == before

    def test_the_day_is_the_facilitys(self, store: Store) -> None:
        """At 04:59 UTC it is still the evening before in New York."""
        with pytest.raises(RateError, match=r"begins today \(2026-03-02\)"):
            store.set_rate("north", self.line(1, -1), datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
        store.set_rate("north", self.line(1), datetime(2026, 3, 3, 4, 59, tzinfo=UTC))

    def test_a_price_ends(self, store: Store) -> None:
        store.set_rate("north", self.line(60_000), NOON)
        with pytest.raises(RateError, match="ends today"):
            store.end_rate("north", None, self.today - timedelta(days=1), NOON)
        with pytest.raises(RateError, match="before it begins"):
            store.end_rate("north", None, self.today, NOON)
        store.end_rate("north", None, self.today + timedelta(days=1), NOON)
        with pytest.raises(NotFound, match="no open price"):
            store.end_rate("north", None, self.today + timedelta(days=1), NOON)

    def test_the_price_of_a_call_is_frozen(self, store: Store) -> None:
        call = talked(store)
        store.set_rate("north", self.line(1), NOON)
        info = store.call(call)
        assert (info.rate_micros_per_minute, info.rate_source) == (RATE, "Contract 12")
        assert store.receipt(call).charged_micros == RATE


class TestStatements:
    def test_it_tells_the_whole_month_and_the_next_goes_on_from_there(self, store: Store) -> None:
        store.deposit(AUNTS, 5_000_000, "till-1", NOON)
        call = talked(store, seconds=125, number=AUNT)
        store.credit_call(call, 1000, "noise", NOON)
        store.refund(AUNTS, 2_000_000, "cheque", NOON)
        store.deposit(AUNTS, 7, "till-2", datetime(2026, 4, 10, tzinfo=UTC))
        march, april = (store.statement(AUNTS, month, "America/New_York") for month in ("2026-03", "2026-04"))
        charge = RATE * 125 // 60
        assert (march.opening_micros, march.deposits_micros, march.charges_micros) == (0, 5_000_000, charge)
        assert (march.credits_micros, march.refunds_micros, march.set_aside_micros) == (1000, 2_000_000, 0)
        assert march.closing_micros == 5_000_000 - charge + 1000 - 2_000_000
        assert (april.opening_micros, april.deposits_micros) == (march.closing_micros, 7)
        assert april.closing_micros == store.balance_micros(AUNTS)
        assert [line.kind for line in march.lines] == ["deposit", "credit", "refund", "call"]
        paid = next(line.call for line in march.lines if line.kind == "call")
        assert paid is not None and (paid.call, paid.number, paid.inmate, paid.talk_seconds) == (call, AUNT, "1001", 125)
        assert (march.calls, march.talk_seconds) == (1, 125)

    def test_a_call_over_midnight_is_charged_when_it_ends(self, store: Store) -> None:
        store.deposit(AUNTS, TEN, "till-1", NOON)
        talked(store, at=datetime(2026, 4, 1, 3, 59, 30, tzinfo=UTC), number=AUNT)  # in New York it is still March
        march, april = (store.statement(AUNTS, month, "America/New_York") for month in ("2026-03", "2026-04"))
        assert (march.charges_micros, march.set_aside_micros, april.charges_micros) == (0, PRICE, RATE)
        assert march.closing_micros == april.opening_micros == TEN
        assert april.closing_micros == store.balance_micros(AUNTS) and april.set_aside_micros == 0

    def test_midnight_belongs_to_the_month_that_it_begins(self, store: Store) -> None:
        midnight = datetime(2026, 4, 1, 4, tzinfo=UTC)
        for n, at in enumerate((midnight - timedelta(microseconds=1), midnight)):
            store.deposit(AUNTS, 10**n, f"till-{n}", at)
        told = [store.statement(AUNTS, month, "America/New_York") for month in ("2026-03", "2026-04")]
        assert [(one.opening_micros, one.deposits_micros, one.closing_micros) for one in told] == [(0, 1, 1), (1, 10, 11)]

    @pytest.mark.parametrize("billing", ["direct_bill", "collect"])
    def test_what_is_owed_has_one_too(self, store: Store, billing: str) -> None:
        account = receivable_account(billing, MOTHER)
        store.set_credit_limit(MOTHER, PRICE)
        talked(store, billing)
        store.pay(account, 1000, "cheque", NOON)
        told = store.statement(account, "2026-03", "America/New_York")
        assert (told.opening_micros, told.charges_micros, told.payments_micros) == (0, RATE, 1000)
        assert told.closing_micros == 1000 - RATE == -store.account(account).owed_micros

    def test_of_an_account_that_is_none(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.statement("prepaid:+12025550188", "2026-03", "UTC")


class TestReceipts:
    @pytest.mark.parametrize("billing", ["prepaid", "debit", "direct_bill", "collect", "free"])
    def test_every_call_can_be_recomputed(self, store: Store, billing: str) -> None:
        store.set_credit_limit(MOTHER, 2 * PRICE)
        for seconds in (0, 1, 61, 900):
            receipt = store.receipt(talked(store, billing, seconds))
            assert faults(receipt) == []
            assert receipt.charged_micros == (0 if billing == "free" else RATE * seconds // 60)
            assert receipt.rate_source == "Contract 12"

    def test_what_has_none(self, store: Store) -> None:
        with pytest.raises(Conflict, match="still on"):
            store.receipt(begun(store))
        denied = store.deny_call("h2", 2, MOTHER, "hours", PROFILE, NOON)
        with pytest.raises(Conflict, match="no receipt"):
            store.receipt(denied)
        for ask in (lambda: store.receipt(99), lambda: store.receipt(denied, "south")):
            with pytest.raises(NotFound):
                ask()


class TestInactiveAccounts:
    def later(self, days: int) -> datetime:
        return NOON + timedelta(days=days)

    def test_using_it_keeping_it_and_being_asked(self, store: Store) -> None:
        used, kept, left = (prepaid_account(number) for number in (AUNT, "+12025550145", "+12025550146"))
        for account in (used, kept, left):
            store.deposit(account, TEN, "till-1", NOON)
        assert store.inactive_accounts(self.later(179)) == []
        assert [one.account for one in store.inactive_accounts(self.later(180))] == [used, kept, left]
        talked(store, at=self.later(100), number=AUNT)
        store.note_account(kept, "interest", "called the office", self.later(120))
        assert [one.account for one in store.inactive_accounts(self.later(181))] == [left]
        store.note_account(left, "contacted", "letter", self.later(181))
        assert [one.contacted_at for one in store.inactive_accounts(self.later(182))] == [self.later(181)]
        store.close_account(left, "returned", self.later(200))
        assert store.inactive_accounts(self.later(200)) == []

    def test_what_the_house_gives_back_does_not_restart_the_clock(self, store: Store) -> None:
        store.deposit(AUNTS, TEN, "till-1", NOON)
        store.credit_call(talked(store, number=AUNT), None, "noise", self.later(150))
        assert [one.last_at for one in store.inactive_accounts(self.later(181))] == [NOON]


@pytest.mark.parametrize("reference", ["r" * 81, "", "r\n"])
def test_a_reference_that_cannot_be_kept(store: Store, reference: str) -> None:
    with pytest.raises(LedgerError, match="reference"):
        store.deposit(PREPAID, 1, reference)


def test_a_payment_that_comes_again_with_another_amount_is_told(store: Store) -> None:
    store.deposit(PREPAID, 5_000_000, "till-1")
    assert store.deposit(PREPAID, 5_000_000, "till-1") == TEN + 5_000_000
    with pytest.raises(KeyReused, match=r"till-1 was used before for \$5.00 .* again for \$6.00"):
        store.deposit(PREPAID, 6_000_000, "till-1")


def test_hosts_that_take_one_payment(address: str) -> None:
    balances = together(address, 3, lambda store, host: store.deposit(prepaid_account("+12025550188"), 5, "till-1"))
    assert balances == [5, 5, 5]


def test_no_more_than_there_is_goes_back(store: Store) -> None:
    with pytest.raises(InsufficientFunds, match=r"\$10.00 is there, \$10.000001 is needed"):
        store.refund(PREPAID, TEN + 1, "cheque")


def test_books_that_were_tampered_with_are_found_out(store: Store) -> None:
    assert store.verify_books().whole
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE account SET balance_micros = balance_micros + 5 WHERE name = 'debit:1'"))
    report = store.verify_books()
    assert (report.whole, report.wrong, report.trial_balance_micros) == (False, ("debit:1",), 5)
