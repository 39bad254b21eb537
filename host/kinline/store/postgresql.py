"""PostgreSQL as we use it, when several hosts share a database.

Transactions run side by side at READ COMMITTED. What two of them may both want is ordered by row locks and unique
indexes, or by a named lock (`only_one`) where there is no row yet to lock.
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
    AUDIT = 2


def postgresql_engine(address: URL) -> Engine:
    """What the address itself sets (`?connect_timeout=20`) stands."""
    settings = {
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
    dialect = (at.get_bind() if isinstance(at, Session) else at).dialect
    if dialect.name == "postgresql":
        at.execute(text("SELECT pg_advisory_xact_lock(:ours, :lock)"), {"ours": _LOCKS, "lock": int(lock)})
