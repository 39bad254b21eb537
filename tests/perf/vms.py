"""The two VMs side by side: `python -m tests.perf.vms`. No goal is set on the second; it is to be good enough to work on."""

import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from kinline_sim.board import Board
from kinline_sim.machines import VmError
from tests.perf.finger import press
from tests.perf.host import Host
from tests.perf.key_to_host import PRESSES, SECRET, latencies_ms
from tests.perf.machine import busy, cpu_seconds
from tests.perf.report import percentile

IDLE_S = 10.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one handset on a VM takes. CPU is of one processor, the VM's process alone."""

    start_ms: float  # from power-on to a session with the host
    idle_percent: float  # on hook
    sound_percent: float  # off hook, sound both ways, somebody dialling
    frames_per_s: float
    key_p50_ms: float
    key_p95_ms: float
    resident_mb: float


def measure(kind: str) -> Cost:
    random = Random(1)
    board = Board(key=SECRET, seed=1, vm=kind)
    started = time.monotonic()
    with board, Host(SECRET) as host:
        station = host.add(board.path)
        start_ms = 1000 * (time.monotonic() - started)
        pid = board.vm.pid
        assert pid
        time.sleep(1)  # what a start leaves to do
        idle = _percent(pid, lambda: time.sleep(IDLE_S))
        board.lift().wait(5)
        press(board.world, "1", random)  # off hook settles meanwhile
        station.delivered.clear()
        keys = itertools.cycle("1234567890")
        touches: list[int] = []
        frames, since = station.link.counters.received.audio_frames, time.monotonic()
        sound = _percent(pid, lambda: touches.extend(press(board.world, next(keys), random) for _ in range(PRESSES)))
        rate = (station.link.counters.received.audio_frames - frames) / (time.monotonic() - since)
        times = latencies_ms(station, touches)
        return Cost(start_ms, idle, sound, rate, percentile(times, 0.5), percentile(times, 0.95), _resident_mb(pid))


def _percent(pid: int, meanwhile: Callable[[], object]) -> float:
    cpu, since = cpu_seconds(pid), time.monotonic()
    meanwhile()
    return 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - since)


def _resident_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> int:
    try:
        first, second = (measure(kind) for kind in ("unix", "wasm"))
    except VmError as error:
        print(error, file=sys.stderr)
        return 1
    table = Table("one handset", "32 bit", "WebAssembly", "ratio", title=f"Two VMs, {busy()}", title_justify="left", box=None)
    for name in Cost.__slots__:
        left, right = getattr(first, name), getattr(second, name)
        table.add_row(name, f"{left:.1f}", f"{right:.1f}", f"{right / left:.1f}")
    Console(highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
