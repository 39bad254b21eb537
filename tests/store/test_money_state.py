"""Hypothesis drives the database's money against a model: any order of calls, deposits, ends and crashes."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from kinline.accounts import debit_account
from kinline.profiles import load_profile
from kinline.rules import Allow, decide
from kinline.store.errors import CallRefused
from kinline.store.store import Store
from tests.store.backends import Backend
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE, store_at

HANDSETS, INMATES = ("h1", "h2"), (1, 2)


class Money(RuleBasedStateMachine):
    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend
        self.address = backend.furnished(dollars=1)
        self.store: Store
        self.at = NOON
        self.spent = {PREPAID: 0, debit_account(1): 0, debit_account(2): 0}
        self.paid = dict.fromkeys(self.spent, 0)
        self.open: dict[int, tuple[str, Allow, int, bool]] = {}
        self.attempts = 0

    @initialize()
    def open_facility(self) -> None:
        self.store = store_at(self.address)
        self.paid = dict.fromkeys(self.paid, 1_000_000)

    @rule(handset=st.sampled_from(HANDSETS), inmate=st.sampled_from(INMATES), way=st.sampled_from(["prepaid", "debit"]))
    def dial(self, handset: str, inmate: int, way: str) -> None:
        answer = decide(self.store.call_request(inmate, MOTHER, handset, self.at, way), load_profile(PROFILE))  # type: ignore[arg-type]
        account = PREPAID if way == "prepaid" else debit_account(inmate)
        self.attempts += 1
        if not isinstance(answer, Allow):
            self.store.deny_call(handset, inmate, MOTHER, answer, PROFILE, self.at)
            return
        try:
            call = self.store.begin_call(handset, inmate, MOTHER, answer, PROFILE, self.at)
        except CallRefused as refused:
            self.store.deny_call(handset, inmate, MOTHER, refused.rule, PROFILE, self.at)
            return
        self.open[call] = (account, answer, 0, False)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        account, allow, mark, _ = self.open[call]
        self.store.mark_accepted(call, self.at)
        self.open[call] = (account, allow, mark, True)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), seconds=st.integers(0, 2000))
    def checkpoint(self, data: st.DataObject, seconds: int) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        account, allow, mark, accepted = self.open[call]
        self.store.checkpoint({call: seconds})
        if accepted:
            self.open[call] = (account, allow, max(mark, min(seconds, allow.max_seconds)), True)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), seconds=st.integers(0, 2000), twice=st.booleans())
    def end(self, data: st.DataObject, seconds: int, twice: bool) -> None:
        call = data.draw(st.sampled_from(sorted(self.open)))
        self._charge(call, seconds)
        for _ in range(1 + twice):
            self.store.end_call(call, "completed", "caller", seconds, self.at)

    @rule(amount=st.integers(1, 10**6), reference=st.integers(0, 10**9))
    def pay_in(self, amount: int, reference: int) -> None:
        before = self.store.balance_micros(PREPAID)
        self.paid[PREPAID] += self.store.deposit(PREPAID, amount, str(reference)) - before

    @rule()
    def crash(self) -> None:
        self.store.close()
        self.store = store_at(self.address)
        recovered = {info.id: info.charged_micros for info in self.store.recover(self.at)}
        assert set(recovered) == set(self.open)
        for call in list(self.open):
            assert recovered[call] == self._charge(call, self.open[call][2])

    @rule(seconds=st.integers(1, 3600))
    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    def _charge(self, call: int, seconds: int) -> int:
        account, allow, _, accepted = self.open.pop(call)
        charge = RATE * min(seconds, allow.max_seconds) // 60 if accepted else 0
        self.spent[account] += charge
        return charge

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.store.trial_balance() == 0
        for account, paid in self.paid.items():
            held = sum(RATE * allow.max_seconds // 60 for name, allow, _, _ in self.open.values() if name == account)
            assert self.store.balance_micros(account) == paid - self.spent[account] - held >= 0
        assert len(self.store.calls(limit=10_000)) == self.attempts

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.backend.drop(self.address)


def test_money(backend: Backend) -> None:
    # PostgreSQL answers each question slower: the search is SQLite's, and here only its laws are looked at again.
    effort = settings(max_examples=10 if backend.name == "sqlite" else 3, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(lambda: Money(backend), settings=effort)  # type: ignore[arg-type]
