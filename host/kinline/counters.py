"""Named counters: what went wrong or happened, how often. Names are snake_case, as in `link_bad_tag`."""

import threading
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Counters(Collector):
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

    def as_json(self) -> dict[str, int]:
        """`{"name": 3, "name{reason}": 1}`, sorted by name."""
        with self._lock:
            counts = sorted(self._counts.items())
        return {f"{name}{{{reason}}}" if reason else name: count for (name, reason), count in counts}

    def collect(self) -> Iterable[CounterMetricFamily]:
        """The counters as Prometheus reads them."""
        with self._lock:
            counts = sorted(self._counts.items())
        families: dict[str, CounterMetricFamily] = {}
        for (name, reason), count in counts:
            family = families.setdefault(name, CounterMetricFamily(f"kinline_{name}", name.replace("_", " "), labels=["reason"]))
            family.add_metric([reason], count)
        return families.values()

    def prometheus_text(self) -> str:
        return generate_latest(self._registry()).decode()

    def serve(self, port: int, bind: str = "127.0.0.1") -> Callable[[], None]:
        """Answer Prometheus over HTTP in a thread; call what is returned to stop. Raises OSError if the port is taken."""
        server, thread = start_http_server(port, bind, self._registry())

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

    def _registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(self)
        return registry


counters = Counters()
"""The process's own."""
