"""A PostgreSQL that is away, refuses us, goes away mid-run, only reads, or is held by another: the error says so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from kinline.store import postgresql as module
from kinline.store.errors import DatabaseDenied, DatabaseLocked, DatabaseMissing, DatabaseReadOnly, DatabaseUnreachable
from kinline.store.open import open_store
from kinline.store.store import Store
from tests.peers.program import free_port
from tests.store.backends import Postgresql
from tests.store.site import NOON, PREPAID, RATE, SECRET, begun, store_at


@pytest.fixture
def address(postgresql: Postgresql) -> str:
    return postgresql.furnished()


def changed(address: str, **parts: object) -> str:
    return make_url(address).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def without_password(address: str, **query: str) -> str:
    url = make_url(address)
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, query).render_as_string()


@pytest.mark.parametrize(
    ("parts", "kind", "advice"),
    [
        ({"password": "wrong-one"}, DatabaseDenied, "check user, password and pg_hba.conf"),
        ({"username": "stranger"}, DatabaseDenied, "check user, password and pg_hba.conf"),
        ({"database": "nowhere"}, DatabaseMissing, "make it with createdb, or name another"),
        ({"port": free_port()}, DatabaseUnreachable, "check that it runs at this address"),
        ({"host": "no-host.invalid"}, DatabaseUnreachable, "check that it runs at this address"),
    ],
)
def test_what_does_not_let_us_in(address: str, parts: dict[str, object], kind: type[Exception], advice: str) -> None:
    wrong = changed(address, **parts)
    place = make_url(wrong).render_as_string(hide_password=True)
    with pytest.raises(kind, match=f"{re.escape(place)}: .*{re.escape(advice)}") as caught:
        open_store(wrong, SECRET)
    assert str(make_url(wrong).password) not in str(caught.value)


def test_a_password_is_shown_nowhere(address: str) -> None:
    password = str(make_url(address).password)
    store = open_store(without_password(address, password=password), SECRET)
    assert password not in store.place
    store.close()


def test_a_password_in_a_file(address: str, tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{make_url(address).password}")
    file.chmod(0o600)
    store = open_store(without_password(address, passfile=str(file)), SECRET)
    assert store.balance_micros(PREPAID) == 10_000_000
    store.close()


def test_no_password_at_all(address: str) -> None:
    with pytest.raises(DatabaseDenied, match="check user, password"):
        open_store(without_password(address), SECRET)


def test_a_user_without_rights(address: str, postgresql: Postgresql) -> None:
    store = store_at(address)
    with store.engine.begin() as connection:
        connection.execute(text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC"))
        connection.execute(text("DROP ROLE IF EXISTS reader"))
        connection.execute(text("CREATE ROLE reader LOGIN PASSWORD 'r'"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
    reader = open_store(changed(address, username="reader", password="r"), SECRET)
    assert reader.balance_micros(PREPAID) == 10_000_000
    with pytest.raises(DatabaseDenied, match="make it the owner of the database"):
        reader.deposit(PREPAID, 1, "r")
    reader.close()
    store.close()


def test_a_standby_only_reads(address: str) -> None:
    store = open_store(changed(address, query={"options": "-c default_transaction_read_only=on"}), SECRET)
    assert store.balance_micros(PREPAID) == 10_000_000
    with pytest.raises(DatabaseReadOnly, match="name the primary server"):
        store.deposit(PREPAID, 1, "r")
    with pytest.raises(DatabaseReadOnly):
        store.recover()
    store.close()


def test_what_another_program_holds(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT_SECONDS", 0.1)
    store, other = store_at(address), store_at(address)
    call = begun(store)
    with other.engine.begin() as connection:
        connection.execute(text("SELECT * FROM call FOR UPDATE"))
        with pytest.raises(DatabaseLocked, match="another program holds the database; close it, or wait"):
            store.end_call(call, "completed", "caller", 60, NOON)
        assert store.call(call).ended_at is None
    assert store.end_call(call, "completed", "caller", 60, NOON).ended_at == NOON
    store.close()
    other.close()


class TestServerThatGoesAway:
    """The daemon holds a call when its PostgreSQL is killed, and goes on when it is back."""

    @pytest.fixture
    def store(self, address: str) -> Iterator[Store]:
        store = store_at(address)
        yield store
        store.close()

    def test_what_was_told_is_there_again(self, store: Store, postgresql: Postgresql) -> None:
        call = begun(store)
        store.mark_accepted(call, NOON)
        store.checkpoint({call: 30})
        postgresql.server.stop()
        try:
            for deed in (lambda: store.checkpoint({call: 31}), lambda: store.call(call), lambda: store.recover()):
                with pytest.raises(DatabaseUnreachable, match="check that it runs at this address"):
                    deed()
        finally:
            postgresql.server.start()
        assert store.end_call(call, "completed", "caller", 60, NOON).charged_micros == RATE
        assert store.trial_balance() == 0 and store.verify_audit().broken_at is None

    def test_in_the_middle_of_a_transaction(self, store: Store, postgresql: Postgresql) -> None:
        before = store.balance_micros(PREPAID)
        with pytest.raises(DatabaseUnreachable), store._writing() as session:
            session.execute(text("UPDATE account SET balance_micros = 0"))
            postgresql.server.stop()
            postgresql.server.start()
            session.execute(text("UPDATE account SET balance_micros = 1"))
        assert store.balance_micros(PREPAID) == before

    def test_one_connection_that_the_administrator_ends(self, store: Store) -> None:
        """The server cuts what is idle; nobody notices."""
        store.balance_micros(PREPAID)
        other = store_at(store.engine.url.render_as_string(hide_password=False))
        with other.engine.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
        other.close()
        assert store.balance_micros(PREPAID) == 10_000_000

    def test_a_host_that_stands_still_in_a_transaction_is_cut_off(
        self, address: str, postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = store_at(address)
        other.balance_micros(PREPAID)  # connected before: it may be as slow as the machine is
        monkeypatch.setattr(module, "IDLE_IN_TRANSACTION_SECONDS", 0.1)
        still = store_at(address)
        with pytest.raises(DatabaseUnreachable), still._writing() as session:
            session.execute(text("UPDATE account SET balance_micros = 0"))
            other.deposit(PREPAID, 1, "waits until the first is cut off")
            session.execute(text("UPDATE account SET balance_micros = 1"))
        assert other.balance_micros(PREPAID) == 10_000_001
        still.close()
        other.close()
