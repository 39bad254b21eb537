"""What holds for every database, whichever it is: tables, addresses, the site's secret."""

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from kinline.store import migrate
from kinline.store.errors import DatabaseNewer, StoreError
from kinline.store.models import Base
from kinline.store.open import open_store, site_secret
from kinline.store.store import Store
from tests.store.backends import Backend
from tests.store.site import SECRET, store_at


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


def test_an_empty_database_gets_its_tables(backend: Backend) -> None:
    store = store_at(backend.bare())
    assert store.facilities() == [] and store.trial_balance() == 0
    store.close()


def test_from_a_newer_version(store: Store, address: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match=r"newer version of Kinline \(revision 9999\); upgrade Kinline, or restore"):
        store_at(address)


@pytest.mark.parametrize(
    "address",
    ["", "kinline.db", "mysql://me@host/db", "postgresql://me@host:port/db", "https://host/db", "\x00"],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(StoreError, match="not a database address; write sqlite:////"):
        open_store(address, SECRET)


def test_no_error_shows_a_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://me:hunter2@host:port/db", SECRET)
    assert "hunter2" not in str(caught.value) and "me:***@host" in str(caught.value)


@pytest.mark.parametrize("name", ["\udc80", "Dvořák\ud800"])
def test_text_that_no_database_takes(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="not text that can be stored; write it in UTF-8"):
        store.add_facility("south", name, "UTC", "generic")
    assert [row.code for row in store.facilities()] == ["north"]


@pytest.mark.parametrize("length", [201, 5000])
def test_text_that_is_too_long_is_refused_everywhere(store: Store, length: int) -> None:
    with pytest.raises(StoreError, match=r"facility\.name takes at most 200 characters, not \d+; shorten it"):
        store.add_facility("south", "x" * length, "UTC", "generic")
    store.add_facility("south", "x" * 200, "UTC", "generic")


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
