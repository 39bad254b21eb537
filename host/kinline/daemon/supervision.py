"""Keeps the daemon's parts at work: what nobody foresaw in one of them ends no call of the others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from kinline.counters import counters
from kinline.logs import log

AGAIN_S = 0.5  # what fails at once fills no log with it, and a cut still comes within the second

_log = log(part="daemon")


async def kept_up(
    part: str, work: Callable[[], Awaitable[None]], again_s: float = AGAIN_S, handset: str | None = None
) -> NoReturn:
    """Do the work until cancelled, from its beginning again whenever it fails or ends. `part` is the counter's reason."""
    while True:
        try:
            await work()
        except Exception:
            counters.add("part_failed", part)
            _log.exception("a part of the daemon failed, it starts again", failed=part, handset=handset, next="report this")
        await asyncio.sleep(again_s)
