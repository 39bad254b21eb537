"""Hypothesis attacks the money of the database: every way of paying, in any order, with repeats, late events and crashes.

Beside the database the same entries go through the ledger in memory: both refuse alike, and stay equal account by account.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from kinline.accounts import (
    Entry,
    Hold,
    Ledger,
    LedgerError,
    bill,
    capture,
    charge_micros,
    closing,
    credit,
    debit_account,
    deposit,
    hold,
    payment,
    prepaid_account,
    receivable_account,
    refund,
    release,
)
from kinline.rules import Allow
from kinline.store.errors import CallRefused, Conflict
from kinline.store.models import AccountRow
from kinline.store.store import Store
from tests.store.backends import Backend
from tests.store.site import MOTHER, NOON, PROFILE, store_at

HANDSETS, INMATES = ("h1", "h2"), (1, 2)
RATES = (0, 1, 210_000, 59_999, 1_000_000)
DIRECT_BILL, COLLECT = receivable_account("direct_bill", MOTHER), receivable_account("collect", MOTHER)
PURSES = (prepaid_account(MOTHER), debit_account(1), debit_account(2))
OWING = (DIRECT_BILL, COLLECT)

amounts = st.one_of(st.integers(1, 5_000_000), st.sampled_from([-1, 0, 10_000_000_001, 2**63]))
references = st.sampled_from(["r1", "r2", "r3", "r4"])


@dataclass
class Dialled:
    account: str | None
    billing: str
    rate: int
    limit: int
    credits_faults: bool
    accepted: bool = False
    checkpoint: int = 0
    charged: int = 0


class Attack(RuleBasedStateMachine):
    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend
        self.address = backend.furnished(dollars=1)
        self.store: Store
        self.books = Ledger()
        self.lent_to: set[str] = set()
        self.at = NOON
        self.open: dict[int, Dialled] = {}
        self.ended: dict[int, Dialled] = {}

    @initialize()
    def open_facility(self) -> None:
        self.store = store_at(self.address)
        for inmate in INMATES:
            self.books.post(deposit(debit_account(inmate), 1_000_000, f"first 100{inmate}"))
        self.books.post(deposit(prepaid_account(MOTHER), 1_000_000, "first"))

    def _both(self, in_store: Callable[[], object], in_books: Callable[[], object]) -> None:
        """Both take it, or both refuse it."""
        refusals = []
        for act in (in_books, in_store):
            try:
                act()
            except (LedgerError, Conflict, ValueError) as error:
                refusals.append(type(error))
        assert len(refusals) in (0, 2), refusals

    @rule(account=st.sampled_from(PURSES + OWING), amount=amounts, reference=references)
    def pay_in(self, account: str, amount: int, reference: str) -> None:
        self._both(
            lambda: self.store.deposit(account, amount, reference, self.at),
            lambda: self.books.post(deposit(account, amount, reference)),
        )

    @rule(account=st.sampled_from(PURSES + OWING), amount=amounts, reference=references)
    def pay_out(self, account: str, amount: int, reference: str) -> None:
        self._both(
            lambda: self.store.refund(account, amount, reference, self.at),
            lambda: self.books.post(refund(account, amount, reference)),
        )

    @rule(account=st.sampled_from(OWING + PURSES[:1]), amount=amounts, reference=references)
    def pay_bill(self, account: str, amount: int, reference: str) -> None:
        self._both(
            lambda: self.store.pay(account, amount, reference, self.at),
            lambda: self.books.post(payment(account, amount, reference)),
        )

    @rule(limit=st.one_of(st.none(), st.integers(1, 3_000_000)))
    def lend(self, limit: int | None) -> None:
        try:
            self.store.set_credit_limit(MOTHER, limit)
        except Conflict:
            assert DIRECT_BILL in self.books.closed
        else:
            self.books.credit[DIRECT_BILL] = limit or 0
            self.lent_to.add(DIRECT_BILL)

    @rule(account=st.sampled_from((*PURSES, DIRECT_BILL)), reference=references)
    def close(self, account: str, reference: str) -> None:
        def in_books() -> None:
            if account in self.books.closed:
                return
            if account not in self.books.balances and account not in self.lent_to:
                raise LedgerError("never used")
            entry = closing(account, self.books.standing(account), reference)
            if entry is not None and not self.books.post(entry):
                raise LedgerError("that refund was made before")
            self.books.closed.add(account)
            self.books.credit.pop(account, None)

        def in_store() -> None:
            try:
                self.store.close_account(account, reference, self.at)
            except Exception as error:
                raise LedgerError(str(error)) from error

        self._both(in_store, in_books)

    @rule(account=st.sampled_from((*PURSES, DIRECT_BILL)))
    def reopen(self, account: str) -> None:
        if account in self.books.closed:
            assert self.store.open_account(account)
            self.books.closed.discard(account)

    @rule(
        handset=st.sampled_from(HANDSETS),
        inmate=st.sampled_from(INMATES),
        billing=st.sampled_from(["prepaid", "debit", "direct_bill", "collect", "free"]),
        rate=st.sampled_from(RATES),
        limit=st.integers(1, 900),
        credits_faults=st.booleans(),
    )
    def dial(self, handset: str, inmate: int, billing: str, rate: int, limit: int, credits_faults: bool) -> None:
        """As if the rules had allowed it on what they knew: the money has the last word."""
        allow = Allow(limit, "call_length", True, True, 0 if billing == "free" else rate, billing)  # type: ignore[arg-type]
        ways = {"prepaid": PURSES[0], "debit": debit_account(inmate), "direct_bill": DIRECT_BILL, "collect": COLLECT}
        dialled = Dialled(ways.get(billing), billing, allow.rate_micros_per_minute, limit, credits_faults)
        try:
            call = self.store.begin_call(handset, inmate, MOTHER, allow, PROFILE, self.at, credits_faults=credits_faults)
        except CallRefused as refused:
            if refused.rule == "balance":
                assert self._hold_of(0, dialled) is None
            return
        self.open[call] = dialled
        self._hold_of(call, dialled)

    def _hold_of(self, call: int, dialled: Dialled) -> bool | None:
        """Post the call's hold to the books; None if they refuse it."""
        price = charge_micros(dialled.rate, dialled.limit)
        if dialled.account is None or not price or dialled.billing == "collect":
            return False
        try:
            return self.books.post(hold(call, dialled.account, price)[1])
        except LedgerError:
            return None

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        self.store.mark_accepted(call, self.at)
        self.open[call].accepted = True

    @precondition(lambda self: self.open)
    @rule(data=st.data(), seconds=st.integers(0, 2000))
    def checkpoint(self, data: st.DataObject, seconds: int) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        self.store.checkpoint({call: seconds})
        dialled = self.open[call]
        if dialled.accepted:
            dialled.checkpoint = max(dialled.checkpoint, min(seconds, dialled.limit))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), seconds=st.integers(-5, 2000), ended_by=st.sampled_from(["caller", "clock", "fault"]))
    def end(self, data: st.DataObject, seconds: int, ended_by: str) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        info = self.store.end_call(call, "completed", ended_by, seconds, self.at)
        assert info.charged_micros == self._settle(call, seconds, ended_by == "fault")

    @precondition(lambda self: self.ended)
    @rule(data=st.data(), seconds=st.integers(0, 2000))
    def late(self, data: st.DataObject, seconds: int) -> None:
        """What comes after the end changes nothing."""
        call = data.draw(st.sampled_from(sorted(self.ended)))
        with contextlib.suppress(Conflict):  # the talk of a call that ended unaccepted cannot begin, and that is said
            self.store.mark_accepted(call, self.at)
        self.store.checkpoint({call: seconds})
        info = self.store.end_call(call, "completed", "fault", seconds, self.at)
        assert info.charged_micros == self.ended[call].charged

    @precondition(lambda self: self.ended)
    @rule(data=st.data(), amount=st.one_of(st.none(), amounts))
    def give_back(self, data: st.DataObject, amount: int | None) -> None:
        call = data.draw(st.sampled_from(sorted(self.ended)))
        dialled = self.ended[call]

        def in_books() -> None:
            if dialled.account is None:
                raise LedgerError("free")
            given = dialled.charged if amount is None else amount
            self.books.post(credit(call, dialled.account, given, dialled.charged))

        self._both(lambda: self.store.credit_call(call, amount, "asked for", self.at), in_books)

    @rule()
    def crash(self) -> None:
        self.store.close()
        self.store = store_at(self.address)
        recovered = {info.id: info.charged_micros for info in self.store.recover(self.at)}
        assert recovered == {call: self._settle(call, dialled.checkpoint, True) for call, dialled in list(self.open.items())}

    @rule(seconds=st.integers(1, 3600))
    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    def _settle(self, call: int, said: int, faulted: bool) -> int:
        """The same end in the books, by the ledger's own functions; the charge."""
        dialled = self.open.pop(call)
        self.ended[call] = dialled
        talk = max(0, min(said, dialled.limit)) if dialled.accepted else 0
        if dialled.account is None:
            return 0
        price = charge_micros(dialled.rate, dialled.limit)
        entries: list[Entry] = []
        if dialled.billing == "collect":
            dialled.charged, billed = bill(call, dialled.account, talk, dialled.rate)
            entries = [billed]
        elif price:
            held = Hold(call, dialled.account, price)
            dialled.charged, captured = capture(held, talk, dialled.rate)
            entries = [captured, release(held, dialled.charged)]
        # P4: no more than the accepted talk, the price of a minute and the hold allow.
        assert dialled.charged * 60 <= dialled.rate * talk and dialled.charged <= price
        if faulted and dialled.credits_faults and dialled.charged:
            entries.append(credit(call, dialled.account, dialled.charged, dialled.charged))
        for entry in entries:
            assert self.books.post(entry) or not entry.postings[1].amount_micros
        return dialled.charged

    @invariant()
    def both_books_are_equal(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.engine.connect() as connection:
            rows = connection.execute(select(AccountRow.name, AccountRow.balance_micros)).all()
        assert {name: micros for name, micros in rows if micros} == {
            name: micros for name, micros in self.books.balances.items() if micros
        }
        assert self.store.trial_balance() == self.books.trial_balance() == 0
        for name, micros in self.books.balances.items():
            assert micros >= 0 or name == "cash" or name in OWING
        for account in self.store.accounts():
            standing = self.books.standing(account.account)
            assert account.held_micros == standing.held_micros
            assert account.owed_micros == max(0, -standing.position_micros)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.backend.drop(self.address)


def test_attack(backend: Backend) -> None:
    effort = settings(max_examples=8 if backend.name == "sqlite" else 3, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(lambda: Attack(backend), settings=effort)  # type: ignore[arg-type]
