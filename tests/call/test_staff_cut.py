"""Safety property P10 as a whole call: staff suspend a place, and within a second nobody there is heard any more."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo.site import FACILITY
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, enter, house, on_hook, ring_home, seen, until, voice

pytestmark = pytest.mark.vm

CUT_S = 1.0
WORDS = voice(60, 9)


async def test_a_suspension_silences_a_running_call_and_outlives_the_daemon(tmp_path: Path) -> None:
    party = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
    async with house(tmp_path, {ALEX.contact: party}, seconds=60) as site:
        board = site.board
        board.speak(WORDS)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        await until(lambda: time.monotonic() > began + 2, "two seconds of talk")
        stopped = time.monotonic()
        site.store.suspend_facility(FACILITY, True)
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by) == ("completed", "staff")
        cut = await seen(site, board, "staff cut the call", since)
        assert cut["rule"] == "suspension" and cut["mono"] - stopped < CUT_S

        def openings() -> list[float]:
            return [at for at, closed in board.relay_log if not closed and at > stopped]

        await until(lambda: bool(openings()), "the relay opens")
        opened = openings()[0]
        assert opened - stopped < CUT_S, f"the handset fell silent {opened - stopped:.2f} s after the cut"

        far = await site.far_end_of(ALEX.contact)
        assert correlate(between(far.heard, began + 0.5, stopped), to_8k(WORDS), 8000).correlation > 0.8
        after = between(far.heard, stopped + CUT_S + 0.12, stopped + 60)
        assert not np.any(after) or correlate(after, to_8k(WORDS), 8000).correlation < 0.2
        why = to_8k(read_wav(Prompter(site.data / "prompts").wav("call_cut", "en")))

        def understood() -> bool:
            return correlate(why, between(ear(board), stopped, time.monotonic()), 8000).correlation > 0.85

        await until(understood, "the caller hears why")
        await on_hook(site, board)
        assert await site.daemon.stop() == 0

        await site.daemon.start()
        since = len(site.daemon.lines)
        await site.in_reach(board, since - 10 if since > 10 else 0)
        await board.lift()
        await site.phase(board, "pin", since)
        await enter(board, f"{ALEX.pin}#")
        await site.phase(board, "number", since)
        await enter(board, f"{ALEX.contact.removeprefix('+1')}#")
        assert (await seen(site, board, "call denied", since))["rule"] == "suspension"
        await on_hook(site, board)
        assert len(site.switch.calls) == 1
        assert_in_order(site)
