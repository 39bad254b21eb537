"""The ledger's rules: balanced, never negative, once, and no charge beyond talk or hold."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kinline.accounts import (
    LARGEST_MICROS,
    LARGEST_PAYMENT_MICROS,
    AccountClosed,
    Entry,
    Hold,
    InsufficientFunds,
    KeyReused,
    Ledger,
    LedgerError,
    MoneyError,
    Posting,
    Standing,
    bill,
    capture,
    charge_micros,
    closing,
    credit,
    deposit,
    dollars,
    hold,
    micros_from_dollars,
    payment,
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


DIRECT_BILL = "receivable:direct_bill:+12025550123"


class TestCredit:
    """A direct-bill account: limit 1000, of which calls may hold and use no more than is left."""

    def books(self) -> Ledger:
        return Ledger(credit={DIRECT_BILL: 1000})

    def test_two_calls_cannot_use_the_same_credit(self) -> None:
        books = self.books()
        assert books.post(hold(1, DIRECT_BILL, 600)[1])
        with pytest.raises(InsufficientFunds, match="holds too little"):
            books.post(hold(2, DIRECT_BILL, 401)[1])
        assert books.post(hold(2, DIRECT_BILL, 400)[1])
        assert books.standing(DIRECT_BILL).spendable_micros == 0

    def test_without_a_limit_there_is_no_credit(self) -> None:
        with pytest.raises(InsufficientFunds):
            Ledger().post(hold(1, DIRECT_BILL, 1)[1])

    def test_what_is_not_talked_is_credit_again(self) -> None:
        books = self.books()
        held, entry = hold(1, DIRECT_BILL, 1000)
        books.post(entry)
        charge, captured = capture(held, 60, 300)
        books.post(captured)
        books.post(release(held, charge))
        assert (books.standing(DIRECT_BILL).position_micros, books.standing(DIRECT_BILL).spendable_micros) == (-300, 700)

    def test_a_payment_is_for_what_was_billed_not_for_what_is_held(self) -> None:
        books = self.books()
        books.post(hold(1, DIRECT_BILL, 400)[1])
        with pytest.raises(LedgerError, match=r"owes \$0.00 and no more is taken"):
            books.post(payment(DIRECT_BILL, 1, "p"))
        _, billed = capture(Hold(1, DIRECT_BILL, 400), 60, 300)
        books.post(billed)
        books.post(release(Hold(1, DIRECT_BILL, 400), 300))
        with pytest.raises(LedgerError, match="owes"):
            books.post(payment(DIRECT_BILL, 301, "p"))
        assert books.post(payment(DIRECT_BILL, 300, "p"))
        assert books.balance(DIRECT_BILL) == 0

    def test_a_lowered_limit_stops_calls_and_takes_payments(self) -> None:
        books = self.books()
        books.post(bill(1, DIRECT_BILL, 60, 900)[1])
        books.credit[DIRECT_BILL] = 100
        with pytest.raises(InsufficientFunds):
            books.post(hold(2, DIRECT_BILL, 1)[1])
        assert books.post(payment(DIRECT_BILL, 500, "part"))

    def test_credit_is_never_paid_out(self) -> None:
        with pytest.raises(InsufficientFunds):
            self.books().post(refund(DIRECT_BILL, 1, "r"))
        with pytest.raises(InsufficientFunds):
            Ledger().post(refund("receivable:collect:+12025550123", 1, "r"))

    def test_a_charge_given_back_after_it_was_paid_is_the_holders(self) -> None:
        books = self.books()
        books.post(bill(1, DIRECT_BILL, 60, 900)[1])
        books.post(payment(DIRECT_BILL, 900, "p"))
        books.post(credit(1, DIRECT_BILL, 900, 900))
        assert books.post(refund(DIRECT_BILL, 900, "r"))
        assert books.trial_balance() == 0


class TestOneHold:
    """What comes twice, late, or in the wrong order."""

    def test_two_captures(self) -> None:
        books, (held, entry) = self.talked()
        first = capture(held, 60, 600)[1]
        assert books.post(entry) and books.post(first) and not books.post(first)
        with pytest.raises(KeyReused, match=r"call:1:capture was used before for \$0.0006 to revenue"):
            books.post(capture(held, 61, 600)[1])

    def test_a_capture_after_the_release(self) -> None:
        books, (held, entry) = self.talked()
        books.post(entry)
        books.post(release(held, 0))
        with pytest.raises(InsufficientFunds, match="held:1: nothing more is held for this call; it was settled before"):
            books.post(capture(held, 60, 600)[1])

    def test_a_release_that_forgets_the_capture(self) -> None:
        books, (held, entry) = self.talked()
        books.post(entry)
        books.post(capture(held, 60, 600)[1])
        with pytest.raises(InsufficientFunds, match="settled before"):
            books.post(release(held, 0))
        assert books.post(release(held, 600))

    def test_a_capture_before_its_hold(self) -> None:
        books, (held, _) = self.talked()
        with pytest.raises(InsufficientFunds):
            books.post(capture(held, 60, 600)[1])

    @staticmethod
    def talked() -> tuple[Ledger, tuple[Hold, Entry]]:
        books = Ledger()
        books.post(deposit(ACCOUNT, 1000, "r"))
        return books, hold(1, ACCOUNT, 1000)


@pytest.mark.parametrize(("given", "charged"), [(0, 0), (-1, 5), (6, 5), (1, 0)])
def test_no_more_is_given_back_than_was_charged(given: int, charged: int) -> None:
    with pytest.raises(LedgerError, match="cannot be given back"):
        credit(1, ACCOUNT, given, charged)


class TestClosing:
    def test_it_pays_out_all_and_takes_nothing_more(self) -> None:
        books = Ledger()
        books.post(deposit(ACCOUNT, 500, "r"))
        entry = closing(ACCOUNT, books.standing(ACCOUNT), "last")
        assert entry is not None and books.post(entry)
        books.closed.add(ACCOUNT)
        assert closing(ACCOUNT, books.standing(ACCOUNT), "again") is None
        for late in (deposit(ACCOUNT, 1, "r2"), hold(1, ACCOUNT, 0)[1]):
            with pytest.raises(AccountClosed, match="open it again"):
                books.post(late)

    @pytest.mark.parametrize(("standing", "said"), [(Standing(5, held_micros=1), "under way"), (Standing(-5), "owes")])
    def test_not_while_it_is_in_use_or_owes(self, standing: Standing, said: str) -> None:
        with pytest.raises(LedgerError, match=said):
            closing(ACCOUNT, standing, "last")


@pytest.mark.parametrize("amount", [0.5, 1.0, True, "5", None, 2**53, -(2**53), float("nan")])
@pytest.mark.parametrize("make", [deposit, refund])
def test_money_is_whole_and_bounded(make: Callable[..., Entry], amount: object) -> None:
    with pytest.raises(MoneyError):
        make(ACCOUNT, amount, "r")


def test_one_payment_is_bounded() -> None:
    assert deposit(ACCOUNT, LARGEST_PAYMENT_MICROS, "r")
    with pytest.raises(LedgerError, match="pay in parts"):
        deposit(ACCOUNT, LARGEST_PAYMENT_MICROS + 1, "r")


def test_an_account_cannot_outgrow_what_programs_can_carry() -> None:
    books = Ledger(balances={ACCOUNT: LARGEST_MICROS})
    with pytest.raises(LedgerError, match="more than an account can hold"):
        books.post(deposit(ACCOUNT, 1, "r"))


@pytest.mark.parametrize("reference", ["", " r", "r ", "r\n", "x" * 81, "\0"])
def test_a_reference_can_be_written_down(reference: str) -> None:
    with pytest.raises(LedgerError, match="reference"):
        deposit(ACCOUNT, 1, reference)


@pytest.mark.parametrize(
    "make",
    [
        lambda: deposit(DIRECT_BILL, 1, "r"),
        lambda: deposit("revenue", 1, "r"),
        lambda: payment(ACCOUNT, 1, "r"),
        lambda: refund("held:1", 1, "r"),
        lambda: refund("revenue", 1, "r"),
    ],
)
def test_money_goes_where_it_belongs(make: Callable[[], Entry]) -> None:
    with pytest.raises(LedgerError):
        make()


@pytest.mark.parametrize(("text", "micros"), [("10", 10**7), ("$3.15", 3_150_000), ("0.000001", 1), ("007", 7_000_000)])
def test_dollars_are_read_exactly(text: str, micros: int) -> None:
    assert micros_from_dollars(text) == micros


@pytest.mark.parametrize("text", ["", ".5", "5.", "-1", "+1", "1,000", "1e3", "0.0000001", "1 ", "NaN", "١", "9" * 10])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(MoneyError, match="not an amount of dollars"):
        micros_from_dollars(text)


@given(st.integers(0, 10**15 - 1))
def test_dollars_are_written_as_they_are_read(micros: int) -> None:
    assert micros_from_dollars(dollars(micros)) == micros


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
