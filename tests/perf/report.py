"""What a measurement says, held against its goal."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached; `most` says whether less is better. The peer is what the figure is held against."""

    key: str
    unit: str
    bound: float
    most: bool = True
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and its conditions in a sentence; None when it could not be measured, and why."""

    key: str
    value: float | None
    note: str
    peer_value: float | None = None


GOALS = {
    goal.key: goal
    for goal in (
        Goal("key_to_host_p95_ms", "ms", 15.0),
        Goal("firmware_heap_peak_bytes", "bytes", 98_304),
        Goal("mouth_to_ear_ms", "ms", 100.0),
        Goal("monitor_listen_ms", "ms", 100.0),
        Goal("monitor_barge_ms", "ms", 100.0),
        Goal("monitor_cut_ms", "ms", 100.0),
        Goal("pesq_below_ceiling", "MOS-LQO", 0.05),
        Goal("pesq_over_baresip", "MOS-LQO", 0.0, most=False),
        Goal("clock_drift_glitches", "in two hours", 0),
        Goal("dial_to_invite_p99_ms", "ms", 50.0),
        Goal("call_setup_cpu_ms", "ms", 4.0, peer="Asterisk 22 with MixMonitor"),
        Goal("sim_handsets_per_core", "handsets", 40, most=False),
        Goal("handset_call_core_percent", "% of a core", 0.40),
        Goal("held_handset_calls", "calls", 250, most=False),
        Goal("detection_false_cuts", "calls", 0),
        Goal("detection_us_per_frame", "µs", 15.0),
        Goal("rule_decision_p99_ms", "ms", 1.0, peer="each rule reading the whole history"),
        Goal("bridged_calls_per_core", "calls", 640, most=False, peer="Asterisk 22 with MixMonitor"),
        Goal("engine_latency_p99_ms", "ms", 5.0, peer="Asterisk 22 with MixMonitor at its most calls"),
        Goal("engine_latency_p50_ms", "ms", 1.0),
    )
}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def entry(figure: Figure) -> dict[str, object]:
    """The figure as it stands in report.json."""
    goal, value = GOALS[figure.key], figure.value
    holds = None if value is None else value <= goal.bound if goal.most else value >= goal.bound
    ratio = value / figure.peer_value if value is not None and figure.peer_value else None
    return {
        "key": goal.key,
        "value": value,
        "unit": goal.unit,
        "goal": goal.bound,
        "holds": holds,
        "peer": goal.peer,
        "peer_value": figure.peer_value,
        "ratio": ratio,
        "note": figure.note,
    }


def write(path: Path, figures: Iterable[Figure]) -> None:
    """All figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([entry(figure) for figure in figures], indent=2) + "\n")


def show(figures: Sequence[Figure]) -> None:
    """All figures as a table."""
    table = Table("measured", "value", "goal", "", title="Kinline, measured on this machine", title_justify="left", box=None)
    for figure in figures:
        row = entry(figure)
        value = "–" if figure.value is None else f"{figure.value:,g} {row['unit']}"
        sign = "≤" if GOALS[figure.key].most else "≥"
        verdict = {True: "[green]holds", False: "[red]missed", None: "[yellow]not measured"}[row["holds"]]  # type: ignore[index]
        table.add_row(figure.key, value, f"{sign} {GOALS[figure.key].bound:,g}", verdict)
    console = Console(highlight=False)
    console.print(table)
    for figure in figures:
        console.print(f"\n[bold]{figure.key}[/]  [dim]{escape(figure.note)}[/]")
