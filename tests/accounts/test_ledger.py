"""The ledger's rules: balanced, never negative, once, and no charge beyond talk or hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kinline.accounts import (
    Entry,
    Hold,
    InsufficientFunds,
    KeyReused,
    Ledger,
    LedgerError,
    Posting,
    bill,
    capture,
    charge_micros,
    deposit,
    hold,
    refund,
    release,
)

ACCOUNT = "prepaid:+12025550123"


def test_an_unbalanced_entry_cannot_be_built() -> None:
    with pytest.raises(LedgerError, match="balance"):
        Entry("k", "deposit", (Posting("cash", -1), Posting(ACCOUNT, 2)))


@pytest.mark.parametrize(("seconds", "charge"), [(0, 0), (1, 3500), (59, 206_500), (60, 210_000), (900, 3_150_000)])
def test_charge_by_the_second(seconds: int, charge: int) -> None:
    assert charge_micros(210_000, seconds) == charge


def test_a_charge_rounds_down() -> None:
    assert charge_micros(100_000, 1) == 1666


def test_a_deposit_is_taken_once_by_its_reference() -> None:
    books = Ledger()
    assert books.post(deposit(ACCOUNT, 500, "r1"))
    assert not books.post(deposit(ACCOUNT, 500, "r1"))
    assert books.balance(ACCOUNT) == 500


def test_more_than_there_is_moves_nothing() -> None:
    books = Ledger()
    books.post(deposit(ACCOUNT, 500, "r1"))
    with pytest.raises(InsufficientFunds):
        books.post(refund(ACCOUNT, 501, "r2"))
    assert books.balance(ACCOUNT) == 500
    assert books.post(refund(ACCOUNT, 500, "r2"))


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_above_zero(amount: int) -> None:
    with pytest.raises(LedgerError):
        deposit(ACCOUNT, amount, "r")


@pytest.mark.parametrize("name", ["", "purse:1", "debit", "Debit:1"][:2])
def test_an_unknown_kind_of_account_is_refused(name: str) -> None:
    with pytest.raises(LedgerError):
        Ledger().post(Entry("k", "x", (Posting(name, -1), Posting("cash", 1))))


def test_release_beyond_the_hold_is_refused() -> None:
    with pytest.raises(LedgerError):
        release(Hold(1, ACCOUNT, 10), 11)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**5))
def test_capture_is_never_more_than_hold_or_talk(held: int, rate: int, seconds: int) -> None:
    charge, _ = capture(Hold(1, ACCOUNT, held), seconds, rate)
    assert charge <= held and charge * 60 <= rate * seconds


def test_a_bill_goes_to_a_receivable() -> None:
    books = Ledger()
    charge, entry = bill(7, "receivable:collect:+12025550123", 61, 210_000)
    books.post(entry)
    assert books.balance("receivable:collect:+12025550123") == -charge == -213_500


class Books(RuleBasedStateMachine):
    """Any order of deposits, holds, captures, releases and repeats, on two accounts."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Ledger()
        self.holds: list[Hold] = []
        self.settled: list[Entry] = []
        self.paid: dict[str, int] = {}
        self.deposited = 0
        self.captured = 0

    @rule(account=st.sampled_from([ACCOUNT, "debit:1"]), amount=st.integers(1, 10**7), reference=st.integers(0, 20))
    def pay_in(self, account: str, amount: int, reference: int) -> None:
        payment = deposit(account, amount, str(reference))
        known = self.paid.setdefault(payment.key, amount)
        if known != amount:
            with pytest.raises(KeyReused, match="used before"):
                self.books.post(payment)
        elif self.books.post(payment):
            self.deposited += amount

    @rule(account=st.sampled_from([ACCOUNT, "debit:1"]), amount=st.integers(0, 10**7))
    def set_aside(self, account: str, amount: int) -> None:
        held, entry = hold(len(self.books.keys) + 1000, account, amount)
        try:
            self.books.post(entry)
        except InsufficientFunds:
            return
        self.holds.append(held)

    @precondition(lambda self: self.holds)
    @rule(seconds=st.integers(0, 2000), rate=st.integers(0, 10**6), data=st.data())
    def settle(self, seconds: int, rate: int, data: st.DataObject) -> None:
        held = self.holds.pop(data.draw(st.integers(0, len(self.holds) - 1)))
        charge, captured = capture(held, seconds, rate)
        for entry in (captured, release(held, charge)):
            assert self.books.post(entry)
            self.settled.append(entry)
        self.captured += charge

    @precondition(lambda self: self.settled)
    @rule(data=st.data())
    def settle_again(self, data: st.DataObject) -> None:
        assert not self.books.post(data.draw(st.sampled_from(self.settled)))

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.books.trial_balance() == 0
        assert self.books.balance("revenue") == self.captured
        assert self.books.balance("cash") == -self.deposited
        assert all(balance >= 0 for name, balance in self.books.balances.items() if name != "cash")


TestBooks = Books.TestCase
