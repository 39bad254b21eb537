"""Store work that failed, in the counters."""

from kinline.counters import counters
from kinline.store.errors import DatabaseError


def count(error: Exception) -> None:
    counters.add("store_failed")
    if isinstance(error, DatabaseError):
        counters.add("database_trouble", error.reason)
