"""Several hosts on one database: processes of their own that begin their work at the same moment."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from kinline.store.store import Store
from tests.store.site import store_at

PATIENCE_SECONDS = 60.0
_CONTEXT = multiprocessing.get_context("fork")
_T = TypeVar("_T")


def together(address: str, count: int, work: Callable[[Store, int], _T]) -> list[_T]:
    """What `work(store, host)` returned on each of `count` hosts. Raises what it raised."""
    start = _CONTEXT.Barrier(count)
    pipes, hosts = [], []
    for host in range(count):
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_run, args=(address, host, work, start, theirs))
        process.start()
        theirs.close()
        pipes.append(ours)
        hosts.append(process)
    results: list[_T] = []
    try:
        for pipe in pipes:
            assert pipe.poll(PATIENCE_SECONDS), "a host did not come to an end"
            kind, result = pipe.recv()
            if kind == "raised":
                raise result
            results.append(result)
    finally:
        for process in hosts:
            process.join(1)
            process.kill()
    return results


def _run(address: str, host: int, work: Callable[[Store, int], Any], start: Barrier, pipe: Any) -> None:
    try:
        store = store_at(address)
        start.wait(PATIENCE_SECONDS)
        result = ("returned", work(store, host))
        store.close()
    except BaseException as error:
        start.abort()
        result = ("raised", RuntimeError(f"host {host}: {type(error).__name__}: {error}"))
    pipe.send(result)
