"""From the first touch of a contact to the sealed KEY frame in the host's hands."""

import itertools
from random import Random

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.perf.finger import press
from tests.perf.host import Host, Station
from tests.perf.machine import busy
from tests.perf.report import Figure, percentile

KEY = "key_to_host_p95_ms"
PRESSES = 100
SECRET = bytes(range(16))


def latencies_ms(station: Station, touches: list[int]) -> list[float]:
    """Of each touch, in order; ValueError when a key came not at all or twice."""
    keys = [at for at, message in station.delivered if isinstance(message, wire.Key)]
    if len(keys) != len(touches):
        raise ValueError(f"{len(touches)} keys were pressed, {len(keys)} arrived")
    return [(at - touch) / 1e6 for touch, at in zip(touches, keys, strict=True)]


def measure() -> list[Figure]:
    random = Random(1)
    with Board(key=SECRET, seed=1) as board, Host(SECRET) as host:
        station = host.add(board.path)
        board.lift().wait(5)
        press(board.world, "1", random)  # off hook settles meanwhile
        station.delivered.clear()
        keys = itertools.cycle("1234567890")
        times = latencies_ms(station, [press(board.world, next(keys), random) for _ in range(PRESSES)])
    note = (
        f"p50 {percentile(times, 0.5):.1f}, most {max(times):.1f} ms of {PRESSES} presses with bounce, off hook with audio both "
        f"ways; from the first touch to the frame opened by the engine; scan 5 ms, two equal scans; {busy()}; "
        "the pty adds no serialisation (at 921600 8N1 0.4 ms for this frame, and up to 7.2 ms more behind an audio frame)"
    )
    return [Figure(KEY, round(percentile(times, 0.95), 2), note)]
