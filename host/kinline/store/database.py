"""The connection: how a database is opened, brought up to date, and asked for one short transaction."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from kinline.store.errors import StoreError, explained

BUSY_TIMEOUT_SECONDS = 5.0
_WRITES = "kinline_writes"


class Database:
    """One database. Every method of its users is one transaction, and safe to call from any thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})

    @property
    def place(self) -> str:
        """The database as errors name it: without a password."""
        return place_of(self.engine.url)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._session(self._writer) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            raise explained(error, self.place) from error


def place_of(url: URL) -> str:
    return url.database or ":memory:" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def connect(url: str) -> Engine:
    """An engine with our settings. Raises StoreError if the address or the file cannot serve."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is not a database address; write for example sqlite:////var/lib/kinline/kinline.db") from error
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True)
    if address.database in (None, "", ":memory:"):
        raise StoreError("a database in memory would lose every record; name a file")
    if not str(address.database).startswith("file:"):
        _keep_private(Path(str(address.database)))
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _keep_private(file: Path) -> None:
    """Create the file readable by its owner only: it holds PIN hashes, handset keys and people's numbers."""
    if not file.exists():
        try:
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError:
            # The connection that follows fails on the same cause and explains it.
            return


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: what was charged or recorded survives a power cut, not only the end of the process.
    for pragma in ("foreign_keys = ON", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that will write takes the write lock first, so that it never fails half way for having
    # read before another's write.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
