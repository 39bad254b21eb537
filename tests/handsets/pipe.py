"""A wire that loses, repeats and delays, under virtual time: every run is its seed."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MS = 1_000_000


@dataclass(frozen=True)
class Weather:
    """Shares of 1, and milliseconds."""

    loss: float = 0.0
    repeat: float = 0.0
    delay_ms: tuple[float, float] = (1.0, 1.0)


@dataclass
class World:
    """Things happen at their times, those of one time in the order in which they were arranged."""

    seed: int = 0
    now_ns: int = 1_000 * MS
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _arranged: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def after(self, ms: float, happens: Callable[[], None]) -> None:
        self._arranged += 1
        heapq.heappush(self._queue, (self.now_ns + round(ms * MS), self._arranged, happens))

    def every(self, ms: float, happens: Callable[[], None]) -> None:
        def again() -> None:
            happens()
            self.after(ms, again)

        self.after(ms, again)

    def run(self, ms: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass; whether the goal was met on the way."""
        end_ns = self.now_ns + round(ms * MS)
        while self._queue and self._queue[0][0] <= end_ns:
            self.now_ns, _, happens = heapq.heappop(self._queue)
            happens()
            if until():
                return True
        self.now_ns = end_ns
        return until()


class Pipe:
    """One direction. Frames may overtake each other when the delay varies."""

    def __init__(self, world: World, weather: Weather, arrives: Callable[..., None]) -> None:
        self.world, self.weather, self.arrives = world, weather, arrives
        self.sent: list[tuple[Any, ...]] = []

    def send(self, *frame: Any) -> None:
        self.sent.append(frame)
        chance = self.world.random.random
        copies = (0 if chance() < self.weather.loss else 1) + (chance() < self.weather.repeat)
        for _ in range(copies):
            self.world.after(self.world.random.uniform(*self.weather.delay_ms), lambda: self.arrives(*frame))
