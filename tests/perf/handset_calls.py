"""What a recorded handset call costs the engine: M sealed links and far ends from one processor, the engine on another."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinline_engine.bus import Bus
from kinline_engine.engine import Call, Codec, Engine, Link
from tests.engine.recording import record
from tests.perf.machine import busy, many_files, pinned, processors
from tests.perf.report import Figure
from tests.perf.synthetic_load import EPOCH, Plug, Tally, generator
from tests.perf.synthetic_load import Load as Generator

COUNTS = (20, 40, 80, 160, 250)
SETTLE_S = 3.0  # calls that waited for their first frame are up to a stall behind
WINDOW_S = 5.0
FRAMES_S = 50
SLACK = 3  # frames of a handset that may be under way at either end of the window
TIMES = 5  # at the most calls carried: this machine's speed changes by a quarter from minute to minute


@dataclass(frozen=True, slots=True)
class Load:
    """M calls for some seconds; percents are of one processor a call."""

    calls: int
    audio_percent: float
    process_percent: float
    lost: int
    gaps: int  # of more than 60 ms in what came back
    late_s: float
    stood_s: float  # for which the generator stood still, and with it most likely the machine
    fifo: bool
    seconds: float

    @property
    def clean(self) -> bool:
        """No gap, and of the frames due both ways at most one in ten thousand lost: this machine has other work, too.

        What was due while the generator stood still, and as long again while it caught up, counts apart.
        """
        due_a_second = self.calls * 2 * FRAMES_S
        return not self.gaps and self.lost <= due_a_second * (self.seconds / 10_000 + 2 * self.stood_s)

    def __str__(self) -> str:
        return (
            f"{self.calls}: {self.process_percent:.3f} % ({self.audio_percent:.3f} % audio thread), {self.lost} lost, "
            f"{self.gaps} gaps, generator at most {self.late_s * 1000:.0f} ms late and {self.stood_s * 1000:.0f} in all"
        )


def measure() -> list[Figure]:
    many_files()
    loads: list[Load] = []
    for count in COUNTS:
        loads.append(carry(count))
        if loads[-1].late_s > WINDOW_S / 10:  # the generator's processor is full
            break
    clean = [load for load in loads if load.clean]
    best = clean[-1] if clean else loads[0]
    carried = f"most calls without a gap or a loss to speak of: {best.calls}" if clean else "no number of calls went without loss"
    again = sorted(round(carry(best.calls).process_percent, 3) for _ in range(TIMES))
    both, wide = carry(best.calls, converse=False), carry(best.calls, codec=Codec.G722)
    note = (
        f"engine process at {best.calls} calls, median of {', '.join(map(str, again))}, "
        f"near legs handset links with AES and HMAC on ptys, far ends G.711 in SRTP (AES-CM, HMAC-SHA1), digit "
        f"detection on, 128 ms echo cancelling, encrypted stereo recording, "
        f"{'SCHED_FIFO' if best.fifo else 'ordinary priority'}; a conversation after ITU-T P.59, each side speaking 42 % of the "
        f"time; {both.process_percent:.3f} % while both speak all the time, {wide.process_percent:.3f} % in wide band (G.722), "
        f"conversing; without the daemon's Python; {carried}; "
        f"all: {'; '.join(map(str, loads))}; {busy()}"
    )
    return [Figure("handset_call_core_percent", again[TIMES // 2], note)]


def carry(
    count: int,
    window_s: float = WINDOW_S,
    codec: Codec = Codec.PCMU,
    converse: bool = True,
    first: int = processors()[0],
    last: int = processors()[-1],
) -> Load:
    """So many calls for so long, the engine on the first processor, the generator on the last."""
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder, pinned(first):
        bus = Bus()
        with (
            Engine(bus, clean_microphone=True) as engine,
            generator(Path(folder), count, engine.rtp_port, last, codec, converse) as load,
        ):
            seen = _calls(engine, bus, load, window_s, Path(folder))
        bus.close()
    return seen


def _calls(engine: Engine, bus: Bus, load: Generator, window_s: float, folder: Path) -> Load:
    count = len(load.plugs)
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(_connected(engine, plug, folder / f"{i}.klr")) for i, plug in enumerate(load.plugs)]
        load.start()
        time.sleep(SETTLE_S)
        load.tally()
        before, cpu, audio_cpu, started = _counted(ends), time.process_time(), engine.counters.audio_cpu_ns, time.monotonic()
        _pass_time(bus, window_s)
        after, cpu = _counted(ends), time.process_time() - cpu
        audio_s, seconds = (engine.counters.audio_cpu_ns - audio_cpu) / 1e9, time.monotonic() - started
        sent = load.tally()
        lost = sum(_lost(was, now, seconds) for was, now in zip(before, after, strict=True)) + _unanswered(sent, count)
        audio_percent, process_percent = 100 * audio_s / seconds / count, 100 * cpu / seconds / count
        return Load(
            count, audio_percent, process_percent, lost, sent.gaps, sent.late_s, sent.stood_s, engine.counters.fifo, seconds
        )


def _pass_time(bus: Bus, seconds: float) -> None:
    """Events are taken once a second: a bus that overflows would be noticed by nobody else here."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(1.0, left))
        while bus.poll():
            pass


@contextlib.contextmanager
def _connected(engine: Engine, plug: Plug, recording: Path) -> Iterator[tuple[Link, Call]]:
    fd = os.open(plug.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    link = engine.open_link(fd)
    try:
        link.install_keys(EPOCH, *plug.secrets)
        call = engine.create_call(link)
        call.set_far(plug.far)
        record(call, recording)
        call.gate(True)
        call.detect(True)  # opening the gate ended it
        yield link, call
        call.close()
    finally:
        link.close()
        os.close(fd)


def _counted(ends: list[tuple[Link, Call]]) -> list[dict[str, int]]:
    """Frames through each call, and what went wrong with it."""
    counted = []
    for link, call in ends:
        ours, theirs = call.counters, link.counters
        wrong = ours.near_stalled + ours.far.lost + ours.far.late + theirs.write_overruns + sum(theirs.received.refused.values())
        counted.append({"near": ours.near_frames, "far": ours.far.received, "wrong": wrong})
    return counted


def _lost(was: dict[str, int], now: dict[str, int], seconds: float) -> int:
    due = int(seconds * FRAMES_S) - SLACK
    missing = sum(max(0, due - (now[way] - was[way])) for way in ("near", "far"))
    return missing + now["wrong"] - was["wrong"]


def _unanswered(sent: Tally, count: int) -> int:
    return max(0, sent.sent - sent.answered - SLACK * count)
