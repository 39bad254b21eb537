"""A part of the daemon that fails starts again, and the others never notice."""

import asyncio
from typing import Any

import pytest
import structlog

from kinline.counters import counters
from kinline.daemon.supervision import kept_up


async def test_a_part_that_fails_is_told_of_counted_and_started_again() -> None:
    starts, again = 0, asyncio.Event()
    other = asyncio.create_task(asyncio.Event().wait())

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise ZeroDivisionError("nobody foresaw this")
        again.set()
        await asyncio.Event().wait()

    before = counters.value("part_failed", "station")
    with structlog.testing.capture_logs() as told:
        part = asyncio.create_task(kept_up("station", work, again_s=0, handset="h1"))
        await asyncio.wait_for(again.wait(), 10)
    (line,) = [dict[str, Any](one) for one in told]
    assert line["log_level"] == "error" and line["exc_info"] and line["handset"] == "h1"
    assert counters.value("part_failed", "station") == before + 1
    assert not other.done() and not part.done()
    for task in (part, other):
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await part
