"""Counters as Prometheus reads them. Beside the counters themselves: who counts need not import who serves."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from kinline.counters import Counters


def prometheus_text(counters: Counters) -> str:
    return generate_latest(_registry(counters)).decode()


def serve(counters: Counters, port: int, bind: str = "127.0.0.1") -> Callable[[], None]:
    """Answer Prometheus over HTTP in a thread; call what is returned to stop. Raises OSError if the port is taken."""
    server, thread = start_http_server(port, bind, _registry(counters))

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


class _Families(Collector):
    """One family a name, one sample a reason."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterable[CounterMetricFamily]:
        families: dict[str, CounterMetricFamily] = {}
        for name, reason, count in self._counters.sorted():
            family = families.setdefault(name, CounterMetricFamily(f"kinline_{name}", name.replace("_", " "), labels=["reason"]))
            family.add_metric([reason], count)
        return families.values()


def _registry(counters: Counters) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Families(counters))
    return registry
