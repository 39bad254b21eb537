"""A database that is locked, gone, read-only, damaged or newer: the API says so, and says it is not lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from kinline.config import load
from kinline.console.serve import serve
from kinline.operations.operation import catalogue
from kinline.store import postgresql as postgresql_store
from kinline.store import sqlite
from kinline.store.errors import DatabaseNewer
from tests.operations.site import House
from tests.store.backends import Postgresql
from tests.store.site import store_at

ADD = catalogue()["contact.add"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(postgresql_store, "LOCK_TIMEOUT_SECONDS", 0.1)


def _file(house: House) -> Path:
    return Path(house.address.removeprefix("sqlite:///"))


@contextmanager
def held(house: House) -> Iterator[None]:
    """Another program, or another host's staff, is in the middle of a change."""
    other = store_at(house.address)
    with other._writing() as session:
        session.execute(text("UPDATE facility SET name = name"))
        yield
    other.close()


def test_locked(any_house: House) -> None:
    with held(any_house):
        answer = any_house.ask(ADD, "counselor")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert "another program holds the database" in answer.json()["detail"]
    assert any_house.ask(ADD, "counselor").status_code == 200


def test_a_refusal_that_cannot_be_audited_is_still_no_permission(any_house: House) -> None:
    with held(any_house):
        assert any_house.ask(ADD, "technician").status_code == 503


class TestServerThatIsGone:
    def test_is_told_and_asked_again_when_it_is_back(self, postgresql: Postgresql) -> None:
        house = House(postgresql)
        postgresql.server.stop()
        try:
            answer = house.ask(ADD, "counselor")
            assert answer.status_code == 503 and "check that it runs at this address" in answer.json()["detail"], answer.text
            assert "kinline:" not in answer.text.replace("kinline:***", ""), "the password is told"
        finally:
            postgresql.server.start()
        assert house.ask(ADD, "counselor").status_code == 200
        house.close()

    def test_a_newer_one_is_not_served(self, postgresql: Postgresql) -> None:
        house = House(postgresql)
        with house.store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        address = house.address
        house.close()
        with pytest.raises(DatabaseNewer, match="newer version of Kinline"):
            store_at(address)


def test_gone(house: House) -> None:
    house.store.engine.dispose()
    for file in _file(house).parent.glob("kinline.db*"):
        file.unlink()
    _file(house).mkdir()
    answer = house.ask(ADD, "counselor")
    assert answer.status_code == 503 and "kinline.db" in answer.json()["detail"], answer.text


def test_damaged(house: House) -> None:
    house.store.engine.dispose()
    for file in _file(house).parent.glob("kinline.db-*"):
        file.unlink()
    _file(house).write_bytes(b"Dear diary, " * 1000)
    answer = house.ask(ADD, "counselor")
    assert answer.status_code == 503 and "restore" in answer.json()["detail"], answer.text


def test_a_newer_one_is_not_served(tmp_path: Path) -> None:
    file = tmp_path / "kinline.toml"
    file.write_text('facility = "north"\n[storage]\ndata_dir = "."\n[trunk]\naddress = "127.0.0.1"\n')
    store_at(tmp_path / "kinline.db").close()
    with sqlite3.connect(tmp_path / "kinline.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    settings = load(file)
    with pytest.raises(DatabaseNewer, match="newer version of Kinline"):
        serve(settings, "127.0.0.1", 0)  # type: ignore[arg-type]
