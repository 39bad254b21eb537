"""What can go wrong with the database, each with its name, the place and the next step."""

import sqlite3

from sqlalchemy.exc import DBAPIError


class StoreError(Exception):
    """The database refused or failed; the text says where and what to do next."""


class DatabaseLocked(StoreError):
    pass


class DatabaseReadOnly(StoreError):
    pass


class DatabaseCorrupt(StoreError):
    pass


class DatabaseFull(StoreError):
    pass


class DatabaseMissing(StoreError):
    pass


class DatabaseNewer(StoreError):
    pass


class NotFound(StoreError):
    """Nothing has that name."""


class Conflict(StoreError):
    """Something already has that name, or that state."""


class CallRefused(StoreError):
    """A call that the rules allowed cannot begin after all; `rule` is the rule to name to the inmate."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


_BY_SQLITE_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        DatabaseLocked,
        "another program holds the database; close it, or wait and try again",
    ),
    sqlite3.SQLITE_LOCKED: (
        DatabaseLocked,
        "another program holds the database; close it, or wait and try again",
    ),
    sqlite3.SQLITE_READONLY: (
        DatabaseReadOnly,
        "the database cannot be written; give the daemon's user write access to the file and its folder",
    ),
    sqlite3.SQLITE_CORRUPT: (
        DatabaseCorrupt,
        "the database is damaged; stop the daemon, keep the file, and restore the last backup",
    ),
    sqlite3.SQLITE_NOTADB: (
        DatabaseCorrupt,
        "this file is not a database; name another file, or restore a backup",
    ),
    sqlite3.SQLITE_FULL: (DatabaseFull, "the disk is full; free space, then go on: nothing was written"),
    sqlite3.SQLITE_IOERR: (
        DatabaseFull,
        "the disk cannot be read or written; check its health and free space",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        DatabaseMissing,
        "the file cannot be opened; check that its folder exists and that the daemon's user may write there",
    ),
}


def explained(error: DBAPIError | sqlite3.Error, place: str) -> StoreError:
    """A driver's error as one of ours."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        # Extended codes keep the primary code in their low byte.
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code in _BY_SQLITE_CODE:
            kind, advice = _BY_SQLITE_CODE[code]
            return kind(f"{place}: {advice} ({original})")
    return StoreError(f"{place}: the database failed: {original}")
