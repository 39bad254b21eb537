"""The engine fails in the middle of what a call needs: the caller is told, nobody pays, and the next call goes through."""

import time
from pathlib import Path

import numpy as np
import pytest

from demo.site import Site
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import (
    ALEX,
    accepted,
    assert_in_order,
    between,
    ear,
    enter,
    house,
    on_hook,
    ring_home,
    seen,
    stopped,
    until,
    voice,
)

pytestmark = pytest.mark.vm

LIMIT_S = 3
AUDIBLE = 100  # of 32768; the receiver of a caller to whom nobody speaks stays below 10
WORDS = voice(60, 49)

# Nothing from outside can run the engine out of calls or memory at a given moment. The daemon that finds this on its path
# has it do so once each: as a call with a recorder's place is made, and as a talk is about to be listened to.
FAULTS = """
import errno

from kinline_engine.calls import AnyCall
from kinline_engine.detect import Phase
from kinline_engine.engine import Engine
from kinline_engine.errors import EngineError

def once(owner, name, fits, number):
    whole, left = getattr(owner, name), [number]
    def tried(self, *arguments):
        if left and fits(*arguments):
            raise EngineError(left.pop(), name)
        return whole(self, *arguments)
    setattr(owner, name, tried)

once(Engine, "_made", lambda link, places: places, errno.ENFILE)
once(AnyCall, "listen", lambda phase: phase is Phase.TALK, errno.ENOMEM)
"""


async def told_of(site: Site, since: int, phase: str) -> None:
    """The caller hears of the trouble once the call has ended."""
    failed = await seen(site, site.board, "an action failed", since)
    went_on = await seen(site, site.board, "visit", site.daemon.lines.index(failed), phase=phase)

    def heard() -> bool:
        said = between(ear(site.board), went_on["mono"], time.monotonic())
        return len(said) > 0 and float(np.sqrt(np.mean(said.astype(float) ** 2))) > AUDIBLE

    await until(heard, f"the caller is told ({phase})")


async def test_a_call_that_cannot_be_made_and_a_talk_that_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    (faults / "sitecustomize.py").write_text(FAULTS)
    monkeypatch.setenv("PYTHONPATH", str(faults))
    async with house(tmp_path, {ALEX.contact: Accept(delay_s=0.1, ring_s=0.1)}, seconds=LIMIT_S) as site:
        board = site.board
        board.speak(WORDS)
        since = await ring_home(site, board)
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by, record.charged_micros) == ("fault", "fault", 0)
        await told_of(site, since, phase="number")

        since = len(site.daemon.lines)
        await enter(board, f"{ALEX.contact.removeprefix('+1')}#")
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by) == ("fault", "fault")
        assert (record.talk_seconds, record.charged_micros) == (0, 0) and record.accepted_at
        far = await site.far_end_of(ALEX.contact)  # which is over: it was hung up
        heard = between(far.heard, far.digits_sent[-1][0] / 1e9, time.monotonic())
        assert len(heard) < 8000 or abs(correlate(heard, to_8k(WORDS), 8000).correlation) < 0.3, "the gate was left open"
        await told_of(site, since, phase="over")
        await on_hook(site, board)

        since = await ring_home(site, board)
        await accepted(site, board, since)
        record = await site.ended(board, since)
        assert (record.outcome, record.talk_seconds) == ("completed", LIMIT_S)
        await on_hook(site, board)
        assert len(assert_in_order(site)) == 3
        counters = await stopped(site)
        assert (counters["action_failed{Invite}"], counters["action_failed{StartTalk}"]) == (1, 1)
