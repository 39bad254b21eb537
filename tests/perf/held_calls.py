"""How many handset calls are held for ten minutes without a lost frame or a gap; `KINLINE_HOLD_SECONDS` shortens it."""

import os

from tests.perf.handset_calls import Load, carry
from tests.perf.machine import busy, many_files
from tests.perf.report import Figure

COUNTS = (250, 200, 160, 120, 80)
TRIAL_S = 8.0
HOLD_S = float(os.environ.get("KINLINE_HOLD_SECONDS", "600"))


def measure() -> list[Figure]:
    many_files()
    tried: list[Load] = []
    for count in COUNTS:
        tried.append(carry(count, window_s=TRIAL_S))
        if tried[-1].clean:
            break
    held = carry(tried[-1].calls, window_s=HOLD_S)
    note = (
        f"calls as in handset_call_core_percent, held {HOLD_S:.0f} s: {held} (gaps are of more than "
        f"60 ms in what came back); the most of {', '.join(map(str, COUNTS))} without a gap in {TRIAL_S:.0f} s "
        f"({'; '.join(map(str, tried))}); the figure is 0 with a gap, or more than one frame in ten thousand lost; {busy()}"
    )
    return [Figure("held_handset_calls", held.calls if held.clean else 0, note)]
