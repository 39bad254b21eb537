"""How many bridged calls a processor carries, and how late: our engine, Asterisk 22 and a bare loop in C under one load."""

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kinline_engine.bus import Bus, Event, Source
from kinline_engine.engine import CallEvent, Engine, FarEnd, RecorderEvent, recorded
from tests.engine.recording import record
from tests.peers.program import Program, free_port
from tests.perf.asterisk_bridges import asterisk_bridges
from tests.perf.latency_picture import draw
from tests.perf.machine import busy, cpu_seconds, many_files, pinned, processors
from tests.perf.report import Figure
from tests.perf.rtp_load import SETTLE_S, TOOLS, WINDOW_S, Generator, Heard, Target, parties

OURS = (480, 640, 720, 800, 880)
BARE = (640, 800, 960)
ASTERISK = (130, 160, 190)
LATENCY_CALLS = 400
SECONDS = SETTLE_S + WINDOW_S
TRIES = 2  # a shared machine takes its processor away now and then; a device that cannot, fails each time
PICTURE = Path("build/perf/latency.png")


@dataclass(frozen=True, slots=True)
class Device:
    """Calls that stand on one processor: where their parties send, and how much CPU it has used in seconds."""

    targets: list[tuple[Target, Target]]
    cpu_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Load:
    calls: int
    heard: Heard
    percent: float

    def __str__(self) -> str:
        return f"{self.calls}: {self.heard}, {self.percent:.0f} % CPU"


Stand = Callable[[int, Generator], AbstractContextManager[Device]]


def measure() -> list[Figure]:
    many_files()
    generator = Generator(processors()[-1])
    latency = _load(_engine, LATENCY_CALLS, generator)
    ours = _climb(_engine, OURS, generator)
    bare = _climb(_bare_loop, BARE, generator)
    theirs = _climb(_asterisk, ASTERISK, generator)
    peers = _best_heard("Asterisk 22", theirs) | _best_heard("bare loop", bare)
    draw(PICTURE, {f"Kinline, {LATENCY_CALLS} calls": latency.heard} | peers)
    conditions = (
        "PCMU, digit detection on both legs, encrypted stereo recording, the process on one processor, the generator on the "
        "other; latency p50/p99 through the device"
    )
    carried = (
        f"{conditions}; ours {_told(ours)}; bare loop without jitter, gate, prompts or loss, on one shared socket: most clean "
        f"{_most(bare)}, {_told(bare)}; Asterisk 22 with MixMonitor, without digit detection in band: {_told(theirs)}; {busy()}"
    )
    delay = f"{latency}; {conditions}; a bridged call has no jitter buffer of ours; picture {PICTURE}; {busy()}"
    return [
        Figure("bridged_calls_per_core", _most(ours) or None, carried, _most(theirs) or None),
        Figure("engine_latency_p99_ms", latency.heard.percentile(0.99), delay, _best_p99(theirs)),
        Figure("engine_latency_p50_ms", latency.heard.percentile(0.5), delay),
    ]


def _climb(stand: Stand, counts: tuple[int, ...], generator: Generator) -> list[Load]:
    loads: list[Load] = []
    for count in counts:
        for _ in range(TRIES):
            loads.append(_load(stand, count, generator))
            if loads[-1].heard.clean:
                break
        else:
            break
    return loads


def _load(stand: Stand, count: int, generator: Generator) -> Load:
    with pinned(processors()[0]), stand(count, generator) as device:
        cpu, started = device.cpu_s(), time.monotonic()
        heard = generator.run(device.targets)
        percent = 100 * (device.cpu_s() - cpu) / (time.monotonic() - started)
    return Load(count, heard, percent)


def _most(loads: list[Load]) -> int:
    return max((load.calls for load in loads if load.heard.clean), default=0)


def _told(loads: list[Load]) -> str:
    return "; ".join(map(str, loads))


def _best_heard(name: str, loads: list[Load]) -> dict[str, Heard]:
    clean = [load for load in loads if load.heard.clean]
    return {f"{name}, {clean[-1].calls} calls": clean[-1].heard} if clean else {}


def _best_p99(loads: list[Load]) -> float | None:
    clean = [load for load in loads if load.heard.clean]
    return clean[-1].heard.percentile(0.99) if clean else None


@contextlib.contextmanager
def _engine(count: int, generator: Generator) -> Iterator[Device]:
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder, contextlib.closing(Bus()) as bus, Engine(bus) as engine:
        for i, (near, far) in enumerate(parties(count, generator.port)):
            call = engine.create_bridged_call()
            call.set_near(FarEnd(*near))
            call.set_far(FarEnd(*far))
            record(call, Path(folder) / f"{i}.klr")
            call.gate(True)
            call.detect(True)  # opening the gate ended it
        here = ("127.0.0.1", engine.rtp_port)
        yield Device([(here, here)] * count, time.process_time)
        events = _events(bus)
        engine.close()
        _hold_to_account(count, events + _events(bus))


def _events(bus: Bus) -> list[Event]:
    events: list[Event] = []
    while some := bus.poll():
        events += some
    return events


def _hold_to_account(count: int, events: list[Event]) -> None:
    """Each voice has a 5 in it every ten seconds: half of all must have been heard. Each recording must be whole."""
    digits = Counter(chr(e.code) for e in events if (e.source, e.kind) == (Source.CALL, CallEvent.DTMF))
    ends = [recorded(e) for e in events if (e.source, e.kind) == (Source.RECORDER, RecorderEvent.CLOSED)]
    missing = sum(end.missing for end in ends)
    if digits["5"] < count or set(digits) != {"5"}:
        raise AssertionError(f"{count} calls with a 5 on each leg, heard {dict(digits)}")
    if len(ends) != count or missing or min(end.frames for end in ends) < SECONDS * 8000:
        raise AssertionError(f"{len(ends)} recordings of {count} calls, {missing} samples missing")


@contextlib.contextmanager
def _bare_loop(count: int, generator: Generator) -> Iterator[Device]:
    port = free_port()
    calls = "".join(f"{a[0]} {a[1]} {b[0]} {b[1]}\n" for a, b in parties(count, generator.port))
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder:
        lines = Path(folder) / "calls"
        lines.write_text(calls)
        command: list[str | Path] = ["sh", "-c", 'exec "$0" "$1" "$2" < "$3"', TOOLS / "bare_loop", str(port), folder, lines]
        with Program(command, Path(folder) / "log") as program:
            program.wait_until_bound("udp", "127.0.0.1", port)
            here = ("127.0.0.1", port)
            yield Device([(here, here)] * count, lambda: cpu_seconds(program.process.pid))


@contextlib.contextmanager
def _asterisk(count: int, generator: Generator) -> Iterator[Device]:
    with (
        tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder,
        asterisk_bridges(Path(folder), parties(count, generator.port)) as (targets, pid),
    ):
        yield Device(targets, lambda: cpu_seconds(pid))
