"""A whole call across the wrap of the handset's clock at 2**30 ms: voice both ways, pings, the grant's deadline, the charge."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from kinline_sim.board import Board
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, seen, until, voice
from tests.sim.test_clock_wrap import later_clock

pytestmark = [pytest.mark.vm, pytest.mark.slow]

LIMIT_S = 16
WORDS = voice(120, 21)


async def test_a_call_goes_on_across_the_wrap_and_ends_on_time(tmp_path: Path) -> None:
    party = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=LIMIT_S + 5)
    site = house(tmp_path, {ALEX.contact: party}, seconds=LIMIT_S)
    own = site.board
    clock, wraps = later_clock(30)
    board = site.boards[0] = Board(device=own.device, key=own.key, link=tmp_path / own.device, seed=site.seed, launcher=clock)
    async with site:
        board.speak(WORDS)
        # Dialling takes three seconds, on a busy machine up to ten: the wrap falls into the talk, and its end after the wrap.
        await until(lambda: time.monotonic() > wraps - 12, "the wrap is near")
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        assert began < wraps - 1 and began + LIMIT_S > wraps + 1, f"the wrap came {wraps - began:.1f} s into the talk"
        muted = await seen(site, board, "handset muted the talk", since)
        assert muted["cause"] == "deadline" and abs(muted["talk_ms"] - LIMIT_S * 1000) <= 100

        def openings() -> list[float]:
            return [at for at, closed in board.relay_log if not closed and at > wraps]

        await until(openings, "the relay opens")
        # The far end's acceptance and the grant lie a prompt's end apart, the grant and the relay 250 ms.
        assert abs(openings()[0] - (began + LIMIT_S)) < 0.5
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", LIMIT_S)

        around = (wraps - 1.0, min(wraps + 4.0, began + LIMIT_S))
        far = await site.far_end_of(ALEX.contact)
        assert correlate(between(far.heard, *around), to_8k(WORDS), 8000).correlation > 0.8
        assert correlate(between(far.sent, *around), between(ear(board), *around), 8000).correlation > 0.6
        await on_hook(site, board)
        health = await seen(site, board, "health", since)
        print(f"wrap {wraps - began:.1f} s into the talk; {health}")
        assert health["uptime_ms"] < 60_000, "the handset's clock has not wrapped"
        assert_in_order(site)
