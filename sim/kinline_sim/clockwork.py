"""One thread that makes time pass for every board of this process."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

from kinline_sim.codec import BLOCK_S

_PHASES = 4  # boards take turns with their DMA blocks, so that not all their VMs wake at once
TICK_S = BLOCK_S / _PHASES


class Ticking(Protocol):
    def block(self) -> None:
        """A DMA block has passed."""


class Clockwork:
    """Moves its boards in real time and runs what was scheduled. Late blocks are made up for: DMA does not wait."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # protects the three below, and is held while a board is moved
        self._boards: list[tuple[int, Ticking]] = []  # each with its phase
        self._plans: list[tuple[float, int, Ticking, Callable[[], None]]] = []
        self._thread: threading.Thread | None = None
        self._order = itertools.count()
        self._wake = threading.Event()
        self.late_ticks = 0

    def add(self, board: Ticking) -> None:
        with self._lock:
            self._boards.append((next(self._order) % _PHASES, board))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="clockwork", daemon=True)
                self._thread.start()

    def remove(self, board: Ticking) -> None:
        """Once this returns the board is not ticked any more, and what was planned for it will not happen."""
        with self._lock:
            self._plans = [plan for plan in self._plans if plan[2] is not board]
            heapq.heapify(self._plans)
            self._boards = [entry for entry in self._boards if entry[1] is not board]

    def at(self, moment: float, board: Ticking, action: Callable[[], None]) -> None:
        """Do something to a board at a time.monotonic(), in the clockwork's thread."""
        with self._lock:
            heapq.heappush(self._plans, (moment, next(self._order), board, action))
        self._wake.set()

    def _run(self) -> None:
        due = time.monotonic()
        for number in itertools.count():
            due += TICK_S
            if not self._sleep_until(due):
                return
            if time.monotonic() - due > BLOCK_S:
                self.late_ticks += 1
            with self._lock:
                for phase, board in self._boards:
                    if number % _PHASES == phase:
                        board.block()

    def _sleep_until(self, due: float) -> bool:
        """Run plans until due; False when there is no board left and the thread ends."""
        while True:
            self._wake.clear()
            with self._lock:
                if not self._boards and not self._plans:
                    self._thread = None
                    return False
                while self._plans and self._plans[0][0] <= time.monotonic():
                    heapq.heappop(self._plans)[3]()
                following = min(due, self._plans[0][0]) if self._plans else due
            pause = following - time.monotonic()
            if pause > 0:
                self._wake.wait(pause)
            elif following == due:
                return True


clockwork = Clockwork()
