"""How many handset calls are held for ten minutes without a lost frame or a gap; `KINLINE_HOLD_SECONDS` shortens it.

By an engine on each processor, as a site with several daemons has them: one alone can for some seconds, but has no room left
for what else its machine does in ten minutes. A generator for each engine runs on the next processor.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.perf.handset_calls import Load, carry
from tests.perf.machine import busy, many_files, processors
from tests.perf.report import Figure
from tests.perf.rtp_load import build

GOAL = 250
FEWER = (200, 160, 120, 80)
TRIAL_S = 8.0
HOLD_S = float(os.environ.get("KINLINE_HOLD_SECONDS", "600"))


def measure() -> list[Figure]:
    many_files()
    build()  # before several ask for it at once
    everywhere = len(processors())
    alone = hold(GOAL, 1, TRIAL_S)
    tried: list[list[Load]] = []
    for calls in (GOAL, *FEWER):
        tried.append(hold(calls, everywhere, TRIAL_S))
        if _clean(tried[-1]):
            break
    calls = sum(load.calls for load in tried[-1])
    held = hold(calls, everywhere, HOLD_S)
    note = (
        f"calls as in handset_call_core_percent, held {HOLD_S:.0f} s by an engine a processor: {_told(held)} (gaps are of more "
        f"than 60 ms in what came back); first tried for {TRIAL_S:.0f} s: {'; '.join(map(_told, tried))}; one engine alone for "
        f"as long: {_told(alone)}; the figure is 0 with a gap, or more than one frame in ten thousand lost "
        f"beside those due while the generator stood still; {busy()}"
    )
    return [Figure("held_handset_calls", calls if _clean(held) else 0, note)]


def hold(calls: int, engines: int, window_s: float) -> list[Load]:
    """So many calls for so long, shared out among so many engines, each a process with a processor of its own."""
    own = processors()
    shares = [calls // engines + (i < calls % engines) for i in range(engines)]
    with ProcessPoolExecutor(engines, multiprocessing.get_context("spawn"), many_files) as executor:
        return list(executor.map(partial(_carry, window_s), shares, own, own[1:] + own[:1]))


def _carry(window_s: float, calls: int, engine_on: int, generator_on: int) -> Load:
    return carry(calls, window_s, first=engine_on, last=generator_on)


def _clean(loads: list[Load]) -> bool:
    return all(load.clean for load in loads)


def _told(loads: list[Load]) -> str:
    return " and ".join(map(str, loads))
