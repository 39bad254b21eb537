"""An SQLite file that is locked, full, read-only, damaged, gone or exchanged: the error says which, where, and what to do."""

import os
import resource
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from kinline.store import sqlite as sqlite_module
from kinline.store.errors import DatabaseCorrupt, DatabaseFull, DatabaseLocked, DatabaseMissing, DatabaseReadOnly, StoreError
from kinline.store.open import open_store
from kinline.store.store import Store
from tests.store.hosts import together
from tests.store.site import NOON, RATE, SECRET, begun, furnished, store_at


def test_settings_of_the_file(tmp_path: Path) -> None:
    store = store_at(tmp_path / "kinline.db")
    with store.engine.connect() as connection:

        def ask(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert (ask("journal_mode"), ask("foreign_keys"), ask("synchronous")) == ("wal", 1, 2)
    store.close()


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    store = furnished(tmp_path / "kinline.db")
    files = list(tmp_path.glob("kinline.db*"))
    assert len(files) == 3 and not any(stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files)
    store.close()


def test_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_module, "BUSY_TIMEOUT_SECONDS", 0.1)
    file = tmp_path / "kinline.db"
    store = furnished(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLocked, match=r"kinline\.db: another program holds the database"):
        store.deposit("debit:1", 1, "r")
    assert store.balance_micros("debit:1") == 10_000_000
    other.execute("ROLLBACK")
    other.close()
    store.deposit("debit:1", 1, "r")
    store.close()


def test_full_disk_loses_nothing_that_was_told(tmp_path: Path) -> None:
    store = furnished(tmp_path / "kinline.db")
    call = begun(store)
    store.mark_accepted(call, NOON)

    @event.listens_for(store.engine, "begin")
    def _no_room(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(DatabaseFull, match=r"kinline\.db: the disk is full; free space"):
        for number in range(1000):
            store.deposit("debit:1", 1, f"payment {number}")
    event.remove(store.engine, "begin", _no_room)
    assert store.trial_balance() == 0
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        connection.commit()
    assert store.end_call(call, "completed", "caller", 60, NOON).charged_micros == RATE
    store.close()


def test_read_only(tmp_path: Path) -> None:
    file = tmp_path / "kinline.db"
    furnished(file).close()
    store = open_store(f"sqlite:///file:{file}?mode=ro&uri=true", SECRET)
    assert store.balance_micros("debit:1") == 10_000_000
    with pytest.raises(DatabaseReadOnly, match=r"kinline\.db.*write access"):
        store.deposit("debit:1", 1, "r")
    store.close()


def test_no_database(tmp_path: Path) -> None:
    file = tmp_path / "kinline.db"
    file.write_text("Dear diary, " * 100)
    with pytest.raises(DatabaseCorrupt, match=r"kinline\.db: this file is not a database"):
        store_at(file)


def test_damaged(tmp_path: Path) -> None:
    file = tmp_path / "kinline.db"
    furnished(file).close()
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(DatabaseCorrupt, match=r"kinline\.db: the database is damaged"):
        store_at(file).handsets()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match="folder exists"):
        store_at(tmp_path / "nowhere" / "kinline.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory(url: str) -> None:
    with pytest.raises(StoreError, match="in memory would lose every record; name a file"):
        open_store(url, SECRET)


class TestFileThatChangesUnderTheDaemon:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "kinline.db"

    @pytest.fixture
    def store(self, file: Path) -> Iterator[Store]:
        store = furnished(file)
        yield store
        store.close()

    def test_removed(self, store: Store, file: Path) -> None:
        call = begun(store)
        file.unlink()
        for deed in (lambda: store.end_call(call, "busy", None, 0, NOON), lambda: store.calls(), lambda: store.recover()):
            with pytest.raises(DatabaseMissing, match=r"kinline\.db: the database was removed or replaced while in use, nothing"):
                deed()
        assert not file.exists()

    def test_moved_and_put_back(self, store: Store, file: Path, tmp_path: Path) -> None:
        call = begun(store)
        store.mark_accepted(call, NOON)
        file.rename(tmp_path / "elsewhere.db")
        with pytest.raises(DatabaseMissing, match="put the file back"):
            store.end_call(call, "completed", "caller", 60, NOON)
        (tmp_path / "elsewhere.db").rename(file)
        assert store.end_call(call, "completed", "caller", 60, NOON).charged_micros == RATE
        assert store.trial_balance() == 0

    def test_replaced_by_a_folder(self, store: Store, file: Path) -> None:
        file.unlink()
        file.mkdir()
        with pytest.raises(DatabaseMissing, match="restore the last backup"):
            begun(store)
        with pytest.raises(DatabaseMissing, match=r"kinline\.db: the file cannot be opened"):
            store_at(file)

    def test_replaced_by_another_database(self, store: Store, file: Path, tmp_path: Path) -> None:
        furnished(tmp_path / "other.db", dollars=99).close()
        (tmp_path / "other.db").rename(file)
        with pytest.raises(DatabaseMissing, match="replaced while in use"):
            store.deposit("debit:1", 1, "r")

    def test_a_new_connection_makes_no_new_file(self, store: Store, file: Path) -> None:
        file.unlink()
        store.engine.dispose()
        with pytest.raises(DatabaseMissing, match="the file cannot be opened"):
            store.calls()
        assert not file.exists()


def test_read_only_from_now_on(tmp_path: Path) -> None:
    """As a file system that the kernel made read-only after an error."""
    store = furnished(tmp_path / "kinline.db")
    call = begun(store)
    for value in ("ON", "OFF"):
        with store.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA query_only = {value}")
        if value == "ON":
            with pytest.raises(DatabaseReadOnly, match="write access to the file and its folder"):
                store.end_call(call, "no_answer", "called_party", 0, NOON)
    assert store.end_call(call, "no_answer", "called_party", 0, NOON).ended_at == NOON
    store.close()


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """The kernel itself refuses the write, as at a quota: in a process of its own, whose files may grow no further."""
    address = f"sqlite:///{tmp_path / 'kinline.db'}"
    furnished(tmp_path / "kinline.db").close()

    def work(store: Store, _host: int) -> str:
        size = max(file.stat().st_size for file in tmp_path.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            for number in range(1000):
                store.deposit("debit:1", 1, f"payment {number}")
        except DatabaseFull as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert store.balance_micros("debit:1") == 10_000_000 + number and store.trial_balance() == 0
            return str(error)
        return "no error"

    assert together(address, 1, work)[0].startswith(f"{tmp_path / 'kinline.db'}: the disk")
