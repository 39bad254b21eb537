"""A database that is locked, gone, read-only, damaged or newer: the API says so, and says it is not lost."""

import sqlite3
from pathlib import Path

import pytest

from kinline.config import load
from kinline.console.serve import serve
from kinline.operations import catalogue
from kinline.store import DatabaseNewer, sqlite
from tests.operations.site import House
from tests.store.site import store_at

ADD = catalogue()["contact.add"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.1)


def _file(house: House) -> Path:
    return Path(house.address.removeprefix("sqlite:///"))


def test_locked(house: House) -> None:
    other = sqlite3.connect(_file(house), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = house.ask(ADD, "counselor")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert "kinline.db: another program holds the database" in answer.json()["detail"]
    other.execute("ROLLBACK")
    other.close()
    assert house.ask(ADD, "counselor").status_code == 200


def test_a_refusal_that_cannot_be_audited_is_still_no_permission(house: House) -> None:
    other = sqlite3.connect(_file(house), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert house.ask(ADD, "technician").status_code == 503
    other.close()


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
