"""Named counters: what went wrong or happened, how often. Names are snake_case, as in `link_bad_tag`."""

import threading


class Counters:
    """Counts by name and optional reason. Safe from any thread."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        # Guards _counts: prompts are rendered and the store is asked in threads of their own.
        self._lock = threading.Lock()

    def add(self, name: str, reason: str = "", amount: int = 1) -> None:
        with self._lock:
            self._counts[name, reason] = self._counts.get((name, reason), 0) + amount

    def value(self, name: str, reason: str = "") -> int:
        with self._lock:
            return self._counts.get((name, reason), 0)

    def sorted(self) -> list[tuple[str, str, int]]:
        """Name, reason and count of each, sorted by name."""
        with self._lock:
            return sorted((name, reason, count) for (name, reason), count in self._counts.items())

    def as_json(self) -> dict[str, int]:
        """`{"name": 3, "name{reason}": 1}`, sorted by name."""
        return {f"{name}{{{reason}}}" if reason else name: count for name, reason, count in self.sorted()}


counters = Counters()
"""The process's own."""
