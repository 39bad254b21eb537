"""What every station of a daemon shares."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from kinline.daemon.checkpoints import Checkpoints
from kinline.daemon.firmware import Upgrades
from kinline.daemon.store_threads import StoreThreads
from kinline.daemon.voices import Voices
from kinline.logs import log
from kinline.media import Engine
from kinline.media.clips import Clips
from kinline.media.hub import Hub
from kinline.prompts import Prompter
from kinline.switch.trunk import Trunk

_log = log(part="daemon")


@dataclass(slots=True)
class Services:
    engine: Engine
    hub: Hub
    trunk: Trunk
    prompter: Prompter
    clips: Clips
    key_of: Callable[[str], bytes | None]
    store: StoreThreads
    checkpoints: Checkpoints
    voices: Voices
    upgrades: Upgrades = field(default_factory=Upgrades)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run in the background; a failure is logged, never lost."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def settle(self) -> None:
        """Wait for background work that must not be lost, records above all."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("background work failed", exc_info=error)
