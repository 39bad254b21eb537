"""SQLite as we use it: one file, private to its owner, every commit on the disk, never exchanged under our feet."""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event

from kinline.store.errors import DatabaseMissing, StoreError

BUSY_TIMEOUT_SECONDS = 5.0
WRITES = "kinline_writes"
"""The execution option of an engine whose transactions write."""


def sqlite_engine(address: URL) -> Engine:
    """Raises StoreError for a database in memory."""
    if address.database in (None, "", ":memory:"):
        raise StoreError("a database in memory would lose every record; name a file")
    shared: dict[str, Any] = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    if str(address.database).startswith("file:"):
        engine = create_engine(address, connect_args=shared)
    else:
        file = _File(Path(str(address.database)).absolute())
        engine = create_engine(address, creator=lambda: file.connect(**shared))
        event.listen(engine, "begin", file.check)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


class _File:
    """The file behind an engine. A connection would go on writing to one that was removed, and lose it all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        if not path.exists():
            self._create()

    def _create(self) -> None:
        """Readable by its owner only: it holds PIN hashes, handset keys and people's numbers."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError:
            # The connection that follows fails on the same cause and explains it.
            return

    def connect(self, **options: Any) -> sqlite3.Connection:
        # mode=rw: a file that is gone is missed, not made anew and empty.
        connection: sqlite3.Connection = sqlite3.connect(f"file:{quote(str(self._path))}?mode=rw", uri=True, **options)
        if self._identity is None:
            self._identity = self._found()
        return connection

    def check(self, _connection: Connection) -> None:
        """Raises DatabaseMissing, before each transaction."""
        if self._found() != self._identity:
            raise DatabaseMissing(
                f"{self._path}: the database was removed or replaced while in use, nothing was written; put the file back, "
                "or stop the daemon and restore the last backup"
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


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
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def use_wal(engine: Engine) -> None:
    """Write-ahead logging is a property of the file and cannot be set inside a transaction."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
