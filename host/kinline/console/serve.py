"""The console as a process."""

import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import uvicorn

from kinline.config import Settings
from kinline.console.app import application
from kinline.counters import counters
from kinline.logs import configure, log
from kinline.store import open_store, site_secret

_log = log(part="console")

# A request is small and quick: what is slower, or more at once, is not staff at work.
MOST_AT_ONCE = 100
KEEP_ALIVE_SECONDS = 5


def serve(settings: Settings, bind: IPv4Address | IPv6Address, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Blocks until SIGTERM or SIGINT. Raises StoreError when the database cannot serve, OSError when the port is taken."""
    configure(settings.logging.level, settings.logging.format, sys.stderr)
    store = open_store(settings.database_url, site_secret(settings.storage.secret_file))
    try:
        server = uvicorn.Server(
            uvicorn.Config(
                application(store, settings),
                host=str(bind),
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_AT_ONCE,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        _log.info("console ready", bind=str(bind), port=port)
        server.run()
    finally:
        store.close()
        _log.info("console stopped", counters=counters.as_json())
