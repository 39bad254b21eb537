"""A bad line: a proxy between a board's UART and its serial port that loses, garbles, delays and stalls bytes."""

import contextlib
import heapq
import itertools
import os
import select
import socket
import threading
import time
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Faults:
    """Probabilities are per piece of bytes read at once, up to about one frame."""

    drop: float = 0.0
    corrupt: float = 0.0
    delay_ms: float = 0.0  # at most; each piece waits its own time, later pieces wait behind it
    stall: float = 0.0
    stall_ms: float = 0.0


class FaultyLine:
    """Owns the board's end as `fd`; the far end is a pty master that the caller keeps."""

    def __init__(self, far: int, faults: Faults, random: Random) -> None:
        self._board, self._near = socket.socketpair()
        self.fd = self._board.fileno()
        for end in (self._board, self._near):
            end.setblocking(False)
        self._far = far
        self._faults, self._random = faults, random
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._clear_from: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faulty-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._board.close()
        self._near.close()

    def _run(self) -> None:
        near = self._near.fileno()
        while not self._stop.is_set():
            wait = 0.05
            if self._waiting:
                wait = min(wait, max(0.0, self._waiting[0][0] - time.monotonic()))
            for source in select.select([near, self._far], [], [], wait)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._take(os.read(source, 1024), self._far if source == near else near)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, target, data = heapq.heappop(self._waiting)
                # A full buffer at the far end loses bytes, as a UART does.
                with contextlib.suppress(BlockingIOError):
                    os.write(target, data)

    def _take(self, data: bytes, target: int) -> None:
        faults, random = self._faults, self._random
        if random.random() < faults.drop:
            at = random.randrange(len(data))
            data = data[:at] + data[at + random.randrange(1, 80) :]
        if data and random.random() < faults.corrupt:
            at = random.randrange(len(data))
            data = data[:at] + bytes((data[at] ^ 1 << random.randrange(8),)) + data[at + 1 :]
        wait = random.random() * faults.delay_ms
        if random.random() < faults.stall:
            wait += faults.stall_ms
        due = max(time.monotonic() + wait / 1000, self._clear_from.get(target, 0.0))
        self._clear_from[target] = due
        heapq.heappush(self._waiting, (due, next(self._order), target, data))
