"""Run every measurement, or those named on the command line, one after another; a failed one is an entry, not an end."""

import importlib
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.perf.report import Figure, show, write

REPORT = Path("build/perf/report.json")
# Module and the keys that it measures.
MEASUREMENTS = {
    "rule_decision": ("rule_decision_p99_ms",),
    "detection": ("detection_false_cuts", "detection_us_per_frame"),
    "key_to_host": ("key_to_host_p95_ms",),
    "whole_call": ("firmware_heap_peak_bytes", "mouth_to_ear_ms"),
    "monitor": ("monitor_listen_ms", "monitor_barge_ms", "monitor_cut_ms"),
    "voice_quality": ("pesq_below_ceiling", "pesq_over_baresip", "clock_drift_glitches"),
    "dial_to_invite": ("dial_to_invite_p99_ms",),
    "call_setup": ("call_setup_cpu_ms",),
    "sim_handsets": ("sim_handsets_per_core",),
    "handset_calls": ("handset_call_core_percent",),
    "held_calls": ("held_handset_calls",),
    "bridged_calls": ("bridged_calls_per_core", "engine_latency_p99_ms", "engine_latency_p50_ms"),
}


def _measured(name: str) -> list[Figure]:
    try:
        figures: list[Figure] = importlib.import_module(f"tests.perf.{name}").measure()
        return figures
    except Exception as error:
        Console(stderr=True).print_exception()
        reason = (str(error).splitlines() or [""])[0]
        return [Figure(key, None, f"not measured: {type(error).__name__}: {reason}") for key in MEASUREMENTS[name]]


def main() -> int:
    chosen = sys.argv[1:] or list(MEASUREMENTS)
    if unknown := set(chosen) - set(MEASUREMENTS):
        print(f"no measurement {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in chosen:
        started = time.monotonic()
        print(f"perf: {name} ...", end=" ", flush=True)
        figures += _measured(name)
        print(f"{time.monotonic() - started:.0f} s", flush=True)
        write(REPORT, figures)
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
