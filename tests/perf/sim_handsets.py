"""How many simulated handsets with audio both ways one processor carries; the host is on another."""

import math
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from kinline.handsets import _link as wire
from tests.perf import crowd
from tests.perf.host import Host, Station
from tests.perf.machine import NICE, ahead, busy, cpu_seconds, many_files, pinned, processors
from tests.perf.report import Figure, percentile

COUNTS = (20, 24, 28, 32, 36, 40, 44, 48)
PRESSES = 40
LEAST_FRAMES_S = 49.5
SANE_KEY_MS = 50.0  # a quick finger holds a key for 70 ms
LOST_NS = 400_000_000
ATTEMPTS = 2  # what else this machine does comes and goes
SECRET = bytes(range(16))


@dataclass(frozen=True, slots=True)
class Crowd:
    """What N handsets did within the time of the presses."""

    handsets: int
    vm_percent: float  # of one processor, a handset
    world_percent: float  # the same, its share of the process that is the world around all of them
    least_frames_s: float
    key_p50_ms: float
    key_p95_ms: float
    keys_missing: int

    @property
    def carried(self) -> bool:
        return self.least_frames_s >= LEAST_FRAMES_S and not self.keys_missing and self.key_p95_ms <= SANE_KEY_MS

    def __str__(self) -> str:
        return (
            f"{self.handsets}: {self.vm_percent:.2f} % of a core a VM and {self.world_percent:.2f} % its world, "
            f"slowest {self.least_frames_s:.1f} frames/s, "
            f"key p50 {self.key_p50_ms:.0f} p95 {self.key_p95_ms:.0f} ms, {self.keys_missing} keys missing"
        )


def measure() -> list[Figure]:
    many_files()
    with ahead():
        return [_measure()]


def _measure() -> Figure:
    first, last = processors()[0], processors()[-1]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    world = context.Process(target=crowd.run, args=(theirs, SECRET, first))
    world.start()
    theirs.close()
    assert world.pid is not None
    pids = [world.pid]
    seen: list[Crowd] = []
    try:
        with pinned(last), Host(SECRET) as host:
            for count in COUNTS:
                while len(host.stations) < count:
                    pids.append(_one_more(ours, host))
                for _ in range(ATTEMPTS):
                    seen.append(_watch(ours, host, pids))
                    if seen[-1].carried:
                        break
                else:
                    break
    finally:
        ours.close()
        world.join()
    carried = [at.handsets for at in seen if at.carried]
    note = (
        f"most of {', '.join(map(str, COUNTS))} at which each handset kept {LEAST_FRAMES_S} frames/s both ways and key p95 "
        f"stayed under {SANE_KEY_MS:.0f} ms, world and VMs on one processor (nice {NICE} where permitted), host on "
        f"another; {'; '.join(map(str, seen))}; {busy()}"
    )
    return Figure("sim_handsets_per_core", max(carried, default=0), note)


def _one_more(pipe: Connection, host: Host) -> int:
    pipe.send(crowd.Add())
    path, pid = pipe.recv()
    host.add(path)
    pipe.send(crowd.Lift())
    pipe.recv()
    return int(pid)


def _watch(pipe: Connection, host: Host, pids: list[int]) -> Crowd:
    time.sleep(1.0)  # the last one's hook settles
    for station in host.stations:
        station.keep_listening()
        station.delivered.clear()
    frames, cpu, start = _frames(host), [cpu_seconds(pid) for pid in pids], time.monotonic()
    pipe.send(crowd.Press(PRESSES))
    touches: list[tuple[int, int]] = pipe.recv()
    seconds = time.monotonic() - start
    slowest = min((now - was) / seconds for was, now in zip(frames, _frames(host), strict=True))
    world, *vms = [100 * (cpu_seconds(pid) - was) / seconds for pid, was in zip(pids, cpu, strict=True)]
    time.sleep(LOST_NS / 1e9)
    delays = [_delay_ms(host.stations[index], touch) for index, touch in touches]
    times = [delay for delay in delays if delay is not None] or [math.inf]
    count = len(host.stations)
    missing = delays.count(None)
    return Crowd(count, sum(vms) / count, world / count, slowest, percentile(times, 0.5), percentile(times, 0.95), missing)


def _delay_ms(station: Station, touch: int) -> float | None:
    """Of the key that came soon after a touch; None when none did."""
    keys = [at for at, message in station.delivered if isinstance(message, wire.Key) and 0 <= at - touch < LOST_NS]
    return (keys[0] - touch) / 1e6 if keys else None


def _frames(host: Host) -> list[int]:
    """The lesser of both directions of each handset."""
    counted = [station.link.counters for station in host.stations]
    return [min(link.received.audio_frames, link.audio_out) for link in counted]
