"""A database that is locked, read-only, damaged, newer, or no database: the error says which, where, and what to do."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event

from kinline.store import (
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseReadOnly,
    Store,
    StoreError,
    migrate,
    open_store,
    site_secret,
)
from kinline.store import database as database_module
from kinline.store.models import Base
from tests.store.site import NOON, RATE, SECRET, begun, furnished, store_at


def test_the_migrations_make_the_models_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_known() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_an_up_to_date_database_is_left_alone(store: Store) -> None:
    assert migrate.upgrade(store.engine) is False


def test_settings_of_the_file(store: Store) -> None:
    with store.engine.connect() as connection:

        def ask(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert (ask("journal_mode"), ask("foreign_keys"), ask("synchronous")) == ("wal", 1, 2)


def test_only_the_owner_reads_the_file(store: Store, tmp_path: Path) -> None:
    for file in tmp_path.glob("kinline.db*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.1)
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


def test_from_a_newer_version(tmp_path: Path) -> None:
    file = tmp_path / "kinline.db"
    furnished(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseNewer, match="newer version of Kinline"):
        store_at(file)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match="folder exists"):
        store_at(tmp_path / "nowhere" / "kinline.db")


@pytest.mark.parametrize("url", ["", "kinline.db", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_serve(url: str) -> None:
    with pytest.raises(StoreError, match=r"name a file|not a database address"):
        open_store(url, SECRET)


class TestSecret:
    def test_is_made_once_for_the_owner_only(self, tmp_path: Path) -> None:
        file = tmp_path / "data" / "site.key"
        secret = site_secret(file)
        assert site_secret(file) == secret and len(secret) == 32
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_a_damaged_one_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "site.key"
        file.write_bytes(b"short")
        with pytest.raises(StoreError, match="restore it from the backup"):
            site_secret(file)
