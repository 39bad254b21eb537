"""Named timers on the event loop; setting one again replaces it."""

import asyncio
from collections.abc import Callable


class Timers:
    def __init__(self, loop: asyncio.AbstractEventLoop, due: Callable[[str], None]) -> None:
        self._loop = loop
        self._due = due
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def set(self, name: str, after_ms: int) -> None:
        if name in self._handles:
            self._handles[name].cancel()
        self._handles[name] = self._loop.call_later(after_ms / 1000, self._fire, name)

    def clear(self) -> None:
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _fire(self, name: str) -> None:
        del self._handles[name]
        self._due(name)
