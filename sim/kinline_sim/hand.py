"""The hand at a handset: lifts, hangs up and presses, one gesture after the other."""

import asyncio
import collections
import concurrent.futures
import threading
import time
from collections.abc import Callable, Generator, Iterator
from random import Random
from typing import Any

from kinline_sim import contacts
from kinline_sim.clockwork import clockwork
from kinline_sim.world import World

PRESS_S = 0.07  # a quick finger
_PAUSE_S = 0.07
# Conversions: of the hook, one every other scan, two for what debounce needs and a scan to spare; and one of another loop,
# which firmware that comes late takes before or after them.
_LOOKS = 3
_PATIENCE = 100

_Steps = Iterator[float]


class Gesture:
    """Something the hand is doing: await it, or wait() for it, or let it happen."""

    def __init__(self) -> None:
        self._done: concurrent.futures.Future[None] = concurrent.futures.Future()

    def finish(self) -> None:
        self._done.set_result(None)

    def wait(self, timeout: float | None = None) -> None:
        """Block until done; raises TimeoutError."""
        self._done.result(timeout)

    def __await__(self) -> Generator[Any, None, None]:
        # A waiter that is cancelled gives up waiting; the hand goes on.
        return asyncio.shield(asyncio.wrap_future(self._done)).__await__()


class Hand:
    """Gestures are generators of pauses in seconds, stepped by the clockwork."""

    def __init__(self, world: World, random: Random) -> None:
        self._world, self._random = world, random
        self._lock = threading.Lock()  # protects the queue
        self._queue: collections.deque[tuple[_Steps, Gesture]] = collections.deque()

    def lift(self) -> Gesture:
        return self._do(self._change(contacts.hook_bounce(self._random, False), self._world.set_cradle))

    def hang_up(self) -> Gesture:
        return self._do(self._change(contacts.hook_bounce(self._random, True), self._world.set_cradle))

    def press(self, key: str, hold_s: float = PRESS_S) -> Gesture:
        """Press and release one key; ValueError if the keypad has none such."""
        return self._do(self._press(*contacts.position(key), hold_s))

    def _press(self, row: int, column: int, hold_s: float) -> _Steps:
        def touch(closed: bool) -> None:
            self._world.set_contact(row, column, closed)

        yield from self._change(contacts.bounce(self._random, True), touch)
        yield from self._hold(hold_s)
        yield from self._change(contacts.bounce(self._random, False), touch)
        yield from self._hold(_PAUSE_S)

    def _hold(self, seconds: float) -> _Steps:
        """Keep still, and longer while the machine starves the VM: a board's time does not stand still, ours may."""
        seen = self._world.looks
        yield seconds
        for _ in range(_PATIENCE):
            if self._world.looks - seen >= _LOOKS:
                return
            yield 0.01

    @staticmethod
    def _change(changes: list[tuple[float, bool]], apply: Callable[[bool], None]) -> _Steps:
        elapsed = 0.0
        for after, state in changes:
            if after > elapsed:
                yield after - elapsed
            elapsed = after
            apply(state)

    def _do(self, steps: _Steps) -> Gesture:
        gesture = Gesture()
        with self._lock:
            self._queue.append((steps, gesture))
            first = len(self._queue) == 1
        if first:
            clockwork.at(time.monotonic(), self._world, self._step)
        return gesture

    def _step(self) -> None:
        with self._lock:
            steps, gesture = self._queue[0]
        pause = next(steps, None)
        if pause is None:
            gesture.finish()
            with self._lock:
                self._queue.popleft()
                if not self._queue:
                    return
            pause = 0.0
        clockwork.at(time.monotonic() + pause, self._world, self._step)
