"""Two hosts and more on one database: one call an inmate, no money spent twice, one chain of what staff did."""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import text

from kinline.accounts import charge_micros, debit_account, prepaid_account
from kinline.rules import Allow
from kinline.store import database
from kinline.store.database import Database
from kinline.store.errors import CallRefused, Conflict, DatabaseOvertaken
from kinline.store.pins import PinLocked, PinWrong
from kinline.store.store import Store
from tests.store.backends import Backend, Postgresql
from tests.store.hosts import PATIENCE_SECONDS, together
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE, begun, store_at

GRANT = Allow(900, "call_length", True, True, RATE, "prepaid")
PRICE = charge_micros(RATE, 900)
FATHER = "+12025550177"


def outcome(store: Store, handset: str, inmate: int, allow: Allow = GRANT) -> str | int:
    """The call's number, or the rule that refused it."""
    try:
        return store.begin_call(handset, inmate, MOTHER, allow, PROFILE, NOON)
    except CallRefused as refused:
        return refused.rule


def test_one_inmate_at_two_hosts_has_one_call(address: str) -> None:
    def dial(store: Store, host: int) -> list[str]:
        outcomes = []
        for _ in range(25):
            call = outcome(store, f"h{host + 1}", 1)
            outcomes.append("talked" if isinstance(call, int) else call)
            if isinstance(call, int):
                assert [info.id for info in store.calls(inmate_id=1, open_only=True)] == [call]
                store.end_call(call, "no_answer", "called_party", 0, NOON)
        return outcomes

    outcomes = Counter(word for words in together(address, 2, dial) for word in words)
    assert set(outcomes) <= {"talked", "busy_elsewhere"} and outcomes["talked"] > 1
    store = store_at(address)
    assert len(store.calls(limit=1000)) == outcomes["talked"]
    assert store.balance_micros(PREPAID) == 10_000_000 and store.trial_balance() == 0
    store.close()


def test_hosts_that_begin_at_one_moment(address: str) -> None:
    """Both have asked the rules before either has begun."""
    outcomes = together(address, 2, lambda store, host: outcome(store, f"h{host + 1}", 1))
    assert outcomes.count("busy_elsewhere") == 1


def test_two_handsets_at_two_hosts_drain_one_account(address: str) -> None:
    def talk(store: Store, host: int) -> list[str]:
        outcomes = []
        for _ in range(8):
            call = outcome(store, f"h{host + 1}", host + 1)
            if isinstance(call, int):
                store.mark_accepted(call, NOON)
                store.end_call(call, "completed", "clock", 900, NOON)
            outcomes.append("talked" if isinstance(call, int) else call)
        return outcomes

    outcomes = Counter(word for words in together(address, 2, talk) for word in words)
    affordable = 10_000_000 // PRICE
    assert outcomes == {"talked": affordable, "balance": 16 - affordable}
    store = store_at(address)
    assert store.balance_micros(PREPAID) == 10_000_000 - affordable * PRICE and store.trial_balance() == 0
    store.close()


def test_what_many_staff_do_is_one_chain(address: str) -> None:
    def work(store: Store, host: int) -> None:
        for number in range(12):
            store.deposit(debit_account(1 + number % 2), 1, f"{host}-{number}", actor=f"clerk {host}")

    before = rows(address)
    together(address, 4, work)
    assert rows(address) == before + 48


def rows(address: str) -> int:
    store = store_at(address)
    report = store.verify_audit()
    assert report.broken_at is None
    store.close()
    return report.rows


def test_one_payment_reported_by_every_host_is_taken_once(address: str) -> None:
    balances = together(address, 4, lambda store, host: [store.deposit(prepaid_account(FATHER), 5, f"r{n}") for n in range(5)])
    assert {final[-1] for final in balances} == {25}
    store = store_at(address)
    assert store.balance_micros(prepaid_account(FATHER)) == 25 and store.trial_balance() == 0
    store.close()


def test_one_number_blocked_by_every_host_is_blocked_once(address: str) -> None:
    placed = together(address, 4, lambda store, host: store.block_number(FATHER, "staff"))
    assert placed.count(True) == 1
    store = store_at(address)
    assert store.unblock_number(FATHER) == 1
    store.close()


def test_every_miss_counts_at_whichever_host(address: str) -> None:
    answers = together(address, 3, lambda store, host: store.inmate_by_pin("h1", "1001", "0000", NOON))
    assert answers.count(PinWrong(None)) == 2 and answers.count(PinWrong(NOON + timedelta(minutes=1))) == 1
    store = store_at(address)
    assert isinstance(store.inmate_by_pin("h1", "1001", "4001", NOON), PinLocked)
    store.close()


def test_a_list_stays_within_its_maximum(address: str) -> None:
    def add(store: Store, host: int) -> bool:
        try:
            store.add_contact("north", "1001", f"+1202555019{host}", maximum=2)
        except Conflict:
            return False
        return True

    assert together(address, 4, add).count(True) == 1


def test_hosts_that_start_together_make_the_tables_once(backend: Backend) -> None:
    assert together(backend.bare(), 4, lambda store, host: len(store.facilities())) == [0, 0, 0, 0]


class TestRestart:
    def test_a_hosts_start_leaves_the_other_hosts_calls(self, store: Store) -> None:
        ours, theirs = begun(store, "h1", 1), begun(store, "h2", 2)
        assert [info.id for info in store.recover(NOON, devices=["h1"])] == [ours]
        assert [info.id for info in store.calls(open_only=True)] == [theirs]
        assert [info.id for info in store.recover(NOON)] == [theirs]


class Crossing(Database):
    """Changes two rows, in either order, and meets the other host between them the first time."""

    _more = text("UPDATE account SET balance_micros = balance_micros + 1 WHERE name = :name")
    tries = 0

    def cross(self, accounts: Sequence[str], meet: Barrier) -> int:
        self.tries += 1
        with self._calling() as session:
            for account in accounts:
                session.execute(self._more, {"name": account})
                if self.tries == 1 and account == accounts[0]:
                    meet.wait(PATIENCE_SECONDS)
        return self.tries


def test_a_transaction_that_lost_to_another_is_done_again(postgresql: Postgresql) -> None:
    """Crossed locks: PostgreSQL ends one of the two, which then finds the way free."""
    address, meet = postgresql.furnished(), multiprocessing.Barrier(2)
    ways = (debit_account(1), debit_account(2))
    tries = together(address, 2, lambda store, host: Crossing(store.engine).cross(ways if host else ways[::-1], meet))
    assert sorted(tries) == [1, 2]
    store = store_at(address)
    assert [store.balance_micros(way) for way in ways] == [10_000_002, 10_000_002]
    store.close()


def test_one_that_always_loses_says_so_in_the_end(postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LONGEST_PAUSE_SECONDS", 0)
    store = store_at(postgresql.furnished())
    tries = []

    class Loser(Database):
        def lose(self) -> None:
            with self._calling() as session:
                tries.append(session)
                session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(DatabaseOvertaken, match="another host changed the same at the same time; try again"):
        Loser(store.engine).lose()
    assert len(tries) == database.TRIES
    store.close()
