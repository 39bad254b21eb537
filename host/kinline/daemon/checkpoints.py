"""How long each call has talked, kept for a crash: the marks of all calls of a moment in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from kinline.counters import counters
from kinline.daemon import store_trouble
from kinline.logs import log

# Two hundred calls mark themselves two hundred times a second. A transaction for each would leave the store's thread no
# time for who has just dialled; what is gathered this long costs a crash no second more.
GATHER_S = 0.2

Marks: TypeAlias = Mapping[int, int]
"""Seconds of talk by call record."""

_log = log(part="checkpoints")


class Checkpoints:
    """`write` stores marks. One write at a time: a database that is stuck gathers no queue, only newer marks."""

    def __init__(self, write: Callable[[Marks], Awaitable[object]]) -> None:
        self._write = write
        self._marks: dict[int, int] = {}
        self._writing: asyncio.Task[None] | None = None

    def mark(self, call: int, talk_seconds: int) -> None:
        self._marks[call] = talk_seconds
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_on())

    async def _write_on(self) -> None:
        while self._marks:
            marks, self._marks = self._marks, {}
            try:
                await self._write(marks)
            except Exception as error:
                # The next second's marks say more than these: they are not tried again.
                store_trouble.count(error)
                counters.add("checkpoint_failed", amount=len(marks))
                _log.error("talk so far could not be written", calls=len(marks), error=str(error))
            await asyncio.sleep(GATHER_S)
        self._writing = None
