"""Make the two calls, check them, tell them, and leave report, recording and picture in build/demo/."""

import argparse
import asyncio
import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import checks, custody, picture, story
from demo.custody import Verified
from demo.daemon_process import Line
from demo.scenario import MadeCall, perform
from kinline_engine.engine import Codec
from kinline_sim.machines import VmError, choose

OUT = Path("build/demo")
COLOURS = {"handset": "yellow", "relay": "bold yellow", "caller": "cyan", "called party": "magenta", "rules": "blue",
           "record": "bold green"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallReport:
    """One entry of report.json's calls."""

    id: int
    handset: str | None
    inmate: str | None
    number: str
    outcome: str | None
    accepted_at: str | None
    talk_seconds: int
    limit_seconds: int
    ended_by: str | None
    charged_micros: int
    recording: str | None
    codec: str | None
    recording_verified: bool | None
    caller_heard_correlation: float
    called_party_heard_correlation: float
    heap_peak_bytes: int | None


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    seed = parser.parse_args().seed
    console = Console(highlight=False)
    try:
        machine = choose()
    except VmError as error:
        console.print(f"[bold red]no VM for the firmware:[/] {error}")
        return 1
    console.print(f"[bold]Kinline[/]: two handsets, one switch, real firmware, real SIP and sound. Seed {seed}.")
    console.print(f"The firmware runs on {machine.name} ({machine.why}).\n")
    shutil.rmtree(OUT, ignore_errors=True)
    accepted, refused = asyncio.run(perform((OUT / "site").resolve(), seed, _Teller(console)))

    recording = OUT / "call.wav"
    verified = custody.exported(OUT / "site" / "kinline.toml", accepted.record.id, recording)
    _summary(console, accepted, refused)
    _draw(accepted)
    report = {
        "firmware": machine.identity(),
        "switch": {"kind": "embedded", "stack": "sofia-sip", "transport": "udp", "seed": seed},
        "calls": [asdict(_report(accepted, recording, verified)), asdict(_report(refused, None, None))],
    }
    (OUT / "report.json").write_text(json.dumps(report, indent=2) + "\n")

    problems = checks.failures(accepted, refused, recording, verified)
    for problem in problems:
        console.print(f"[bold red]not as it must be:[/] {problem}")
    if problems:
        console.print(f"\nThe daemon's log is {OUT}/site/kinline.log; the same again with --seed {seed}.")
        return 1
    console.print(f"[bold green]All of it checked.[/] Look at {OUT}/call.png, listen to {recording}, read {OUT}/report.json.")
    return 0


def _report(call: MadeCall, recording: Path | None, verified: Verified | None) -> CallReport:
    record = call.record
    return CallReport(
        id=record.id,
        handset=record.handset,
        inmate=record.inmate,
        number=record.number,
        outcome=record.outcome,
        accepted_at=record.accepted_at.isoformat() if record.accepted_at else None,
        talk_seconds=record.talk_seconds,
        limit_seconds=record.limit_seconds,
        ended_by=record.ended_by,
        charged_micros=record.charged_micros,
        recording=str(recording) if recording and record.recording else None,
        codec=_codec(call),
        recording_verified=verified["whole"] if verified else None,
        caller_heard_correlation=round(call.caller_heard.correlation, 4),
        called_party_heard_correlation=round(call.called_party_heard.correlation, 4),
        heap_peak_bytes=call.heap_peak,
    )


def _codec(call: MadeCall) -> str | None:
    return Codec(call.far.codec).name if call.far and call.far.codec is not None else None


class _Teller:
    """Prints each moment as it happens, with the seconds since the first handset was lifted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start: float | None = None

    def __call__(self, line: Line) -> None:
        words = story.told(line)
        if words is None:
            return
        self._start = line["mono"] if self._start is None else self._start
        where, what = words
        clock = f"[dim]{line['mono'] - self._start:7.2f}[/]"
        self._console.print(f"{clock}  {line['handset']:7} [{COLOURS[where]}]{where:8}[/] {what}")


def _summary(console: Console, *calls: MadeCall) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("handset", "caller", "outcome", "ended by"):
        table.add_column(name, no_wrap=True)
    for name in ("talk", "charged", "heard", "heap"):
        table.add_column(name, justify="right", no_wrap=True)
    for call in calls:
        record = call.record
        heard = f"{call.caller_heard.correlation:.2f}, {call.called_party_heard.correlation:.2f}"
        table.add_row(
            record.handset, call.person.name, record.outcome or "", (record.ended_by or "").replace("_", " "),
            f"{record.talk_seconds} s", f"${record.charged_micros / 1e6:.4f}", heard if record.talk_seconds else "–",
            f"{(call.heap_peak or 0) // 1024} KB",
        )  # fmt: skip
    notes = "heard: correlation of what was spoken and what arrived, at caller and called party; heap: the firmware's peak"
    console.print("", table, f"[dim]{notes}[/]\n")
    for call in calls:
        for who, warned in call.warnings.items():
            left = f"{call.talk[1] - warned.at:.1f} s before the end" if call.talk else ""
            console.print(f"{call.record.handset}: the {who} heard the warning over the talk, {left} ({warned.correlation:.2f})")


def _draw(call: MadeCall) -> None:
    def track(title: str, colour: str, samples: Any, rate: int, start: float) -> picture.Track:
        return picture.Track(title, colour, samples, rate, start - call.lifted_at)

    tracks = [
        track("called party heard", "#2f7ed8", call.far.heard.pcm, 8000, call.far.heard.start_ns / 1e9),
        track("caller heard", "#c8642d", call.heard, 16_000, call.heard_from),
    ]
    moments = [picture.Moment(m.at_s, f"{m.where}: {m.text}") for m in story.tell(call)]
    talk = (call.talk[0] - call.lifted_at, call.talk[1] - call.lifted_at) if call.talk else None
    band = " in wide band" if call.far.heard_wide else ""
    title = f"{call.person.name} calls {call.record.number} from {call.record.handset}, {_codec(call)}{band}"
    picture.draw(OUT / "call.png", title, tracks, moments, talk)


if __name__ == "__main__":
    sys.exit(main())
