"""What a driver's error means, and what to do about it."""

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from kinline.store.errors import (
    DatabaseCorrupt,
    DatabaseDenied,
    DatabaseError,
    DatabaseFull,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseOvertaken,
    DatabaseReadOnly,
    DatabaseUnreachable,
    StoreError,
)

_Meaning = tuple[type[StoreError], str]

_HELD: _Meaning = (DatabaseLocked, "another program holds the database; close it, or wait and try again")
_READ_ONLY_FILE: _Meaning = (
    DatabaseReadOnly,
    "the database cannot be written; give the daemon's user write access to the file and its folder",
)
_DAMAGED: _Meaning = (DatabaseCorrupt, "the database is damaged; stop the daemon, keep the file, and restore the last backup")
_FULL: _Meaning = (DatabaseFull, "the disk is full; free space, then go on: nothing was written")

_BY_SQLITE_CODE: dict[int, _Meaning] = {
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_READONLY: _READ_ONLY_FILE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: (DatabaseCorrupt, "this file is not a database; name another file, or restore a backup"),
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: (DatabaseFull, "the disk cannot be read or written; check its health and free space"),
    sqlite3.SQLITE_CANTOPEN: (
        DatabaseMissing,
        "the file cannot be opened; check that its folder exists and that the daemon's user may write there",
    ),
}

_GONE: _Meaning = (
    DatabaseUnreachable,
    "PostgreSQL cannot be reached or went away; check that it runs at this address. "
    "What was not confirmed may or may not be stored: look before doing it again",
)
_OVERTAKEN: _Meaning = (DatabaseOvertaken, "another host changed the same at the same time; try again")
_LOCKED_OUT: _Meaning = (DatabaseDenied, "PostgreSQL does not let this user in; check user, password and pg_hba.conf")
_NO_DATABASE: _Meaning = (DatabaseMissing, "the server has no such database; make it with createdb, or name another")

# https://www.postgresql.org/docs/current/errcodes-appendix.html: whole codes first, then their classes.
_BY_SQLSTATE: dict[str, _Meaning] = {
    "23505": _OVERTAKEN,
    "25P": _GONE,
    "25006": (DatabaseReadOnly, "this server only reads, as a standby does; name the primary server"),
    "28": _LOCKED_OUT,
    "3D": _NO_DATABASE,
    "40001": _OVERTAKEN,
    "40P01": _OVERTAKEN,
    "42501": (DatabaseDenied, "the database's user may not do this; make it the owner of the database and its tables"),
    "53100": _FULL,
    "53300": (DatabaseUnreachable, "PostgreSQL has no connection left; raise max_connections, or close other programs"),
    "55P03": _HELD,
    "57P": _GONE,
    "57014": _HELD,
    "08": _GONE,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# libpq gives no code where no session came about, only the server's words, which are English unless it was told otherwise.
_BY_REFUSAL: dict[str, _Meaning] = {
    "authentication failed": _LOCKED_OUT,
    "no password supplied": _LOCKED_OUT,
    "pg_hba.conf": _LOCKED_OUT,
    "is not permitted to log in": _LOCKED_OUT,
    '" does not exist': _NO_DATABASE,
    "too many clients": _BY_SQLSTATE["53300"],
}


def is_taken(error: IntegrityError) -> bool:
    """Whether a unique index refused the row, and no other law of the tables."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_CONSTRAINT_UNIQUE
    return getattr(error.orig, "sqlstate", None) == "23505"


def explained(error: DBAPIError | sqlite3.Error, place: str) -> StoreError:
    """A driver's error as one of ours."""
    original = error.orig if isinstance(error, DBAPIError) else error
    meaning = None
    if isinstance(original, sqlite3.Error):
        # Extended codes keep the primary code in their low byte.
        meaning = _BY_SQLITE_CODE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    elif isinstance(error, DBAPIError):
        meaning = _by_server(error)
    words = " ".join(str(original).split())
    if meaning is None:
        return DatabaseError(f"{place}: the database failed: {words}")
    kind, advice = meaning
    return kind(f"{place}: {advice} ({words})")


def _by_server(error: DBAPIError) -> _Meaning | None:
    """By what psycopg says, whose classes SQLAlchemy's are named after: a site on SQLite does without psycopg."""
    code: str | None = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return next((_BY_SQLSTATE[code[:n]] for n in (5, 3, 2) if code[:n] in _BY_SQLSTATE), None)
    if not isinstance(error, OperationalError):
        return None
    return next((meaning for words, meaning in _BY_REFUSAL.items() if words in str(error.orig)), _GONE)
