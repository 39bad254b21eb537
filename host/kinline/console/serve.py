"""The console as a process."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import uvicorn

from kinline.config import Settings
from kinline.console.app import application
from kinline.counters import counters
from kinline.failure import Failure
from kinline.logs import configure, log
from kinline.metrics import serve as serve_metrics
from kinline.store.open import open_store, site_secret

_log = log(part="console")

# A request is small and quick: what is slower, or more at once, is not staff at work.
MOST_AT_ONCE = 100
KEEP_ALIVE_SECONDS = 5


class PortTaken(Failure):
    """Nothing can listen there; the text says what to choose instead."""


def serve(settings: Settings, bind: IPv4Address | IPv6Address, port: int, metrics_port: int | None = None) -> None:
    """Blocks until SIGTERM or SIGINT; port 0 is any free one. Prometheus is answered at `metrics_port` of the settings'
    metrics address, without one not at all. Raises PortTaken, StoreError.
    """
    configure(settings.logging.level, settings.logging.format, sys.stderr)
    store = open_store(settings.database_url, site_secret(settings.storage.secret_file))
    try:
        with _listening(bind, port) as listener, _counting(settings.metrics.bind, metrics_port):
            config = uvicorn.Config(
                application(store, settings),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_AT_ONCE,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
            _log.info("console ready", bind=str(bind), port=listener.getsockname()[1])
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()
        _log.info("console stopped", counters=counters.as_json())


@contextmanager
def _counting(bind: IPv4Address | IPv6Address, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    try:
        stop = serve_metrics(counters, port, str(bind))
    except OSError as error:
        raise PortTaken(f"{bind} port {port}: {os.strerror(error.errno or 0)}; choose another with --metrics-port") from error
    try:
        yield
    finally:
        stop()


def _listening(bind: IPv4Address | IPv6Address, port: int) -> socket.socket:
    family = socket.AF_INET6 if bind.version == 6 else socket.AF_INET
    try:
        return socket.create_server((str(bind), port), family=family)
    except OSError as error:
        raise PortTaken(f"{bind} port {port}: {os.strerror(error.errno or 0)}; choose another with --bind and --port") from error
