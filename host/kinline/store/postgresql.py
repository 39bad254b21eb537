"""PostgreSQL as we use it, when several hosts share a database.

Transactions run side by side at READ COMMITTED. What staff do is done one after another, under a lock that all hosts
share: no check of theirs is overtaken by another's deed, and the audit log has one end. A call waits for none of that;
the rows that two calls may both want are locked, or kept apart by a unique index.
"""

from enum import IntEnum

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

# No store call hangs on another host or on a dead network for longer than this; the daemon's callers wait for it.
LOCK_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 5
SILENCE_SECONDS = 10
# What a host that lost its power had locked is free again after this.
IDLE_IN_TRANSACTION_SECONDS = 30

_LOCKS = 0x4B4C  # "KL": sets our advisory locks apart from other programs' in the same database


class Lock(IntEnum):
    """What only one transaction of all hosts may do at a time. Numbers are never reused."""

    MIGRATE = 1
    STAFF = 2


def postgresql_engine(address: URL) -> Engine:
    """What the address itself sets (`?connect_timeout=20`) stands."""
    settings = {
        # What was charged or recorded survives a crash of the server, whatever its administrator set for others.
        "synchronous_commit": "on",
        "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "timezone": "UTC",
    }
    arguments = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
        "keepalives_idle": SILENCE_SECONDS,
        "application_name": "kinline",
        "client_encoding": "utf8",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
    ours = {name: value for name, value in arguments.items() if name not in address.query}
    # A connection that died since its last use is found out and replaced before the next one.
    return create_engine(address, connect_args=ours, pool_pre_ping=True, isolation_level="READ COMMITTED")


def only_one(at: Session | Connection, lock: Lock) -> None:
    """Wait for the others, and keep them waiting until this transaction ends. SQLite has one writer as it is."""
    if _is_postgresql(at):
        at.execute(text("SELECT pg_advisory_xact_lock(:ours, :lock)"), {"ours": _LOCKS, "lock": int(lock)})


def all_written(at: Session, table: str) -> None:
    """Wait until every transaction that has written to the table is over, even one whose host was killed as it committed."""
    if _is_postgresql(at):
        at.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))


def _is_postgresql(at: Session | Connection) -> bool:
    return (at.get_bind() if isinstance(at, Session) else at).dialect.name == "postgresql"
