"""One inmate, one call: two handsets ask at the same moment (P6); and all that one good call leaves behind."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.site import Site
from kinline.recordings import Sealed, inspected, load_keys
from kinline.recordings.export import sound
from kinline_sim.board import Board
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from kinline_sim.speech import resample
from tests.call.house import (
    ALEX,
    assert_in_order,
    between,
    ear,
    enter,
    house,
    on_hook,
    seen,
    told,
    voice,
)

pytestmark = pytest.mark.vm

LIMIT_S = 6
WORDS = voice(60, 11)


def stereo(site: Site, path: Path) -> NDArray[np.int16]:
    """A whole recording's samples at 8 kHz: the caller's in column 0, the called party's in column 1."""
    with Sealed(path, load_keys(site.data / "recordings.key")) as recording:
        report = inspected(recording, site.store.recording(recording.head["call"]).closed.link)  # type: ignore[union-attr]
        assert report.whole and recording.rate == 16_000, report  # the switch speaks G.722
        both = np.frombuffer(b"".join(sound(recording, report.length)), "<i2").reshape(-1, 2)
        return np.stack([resample(both[:, side], recording.rate, 8000) for side in (0, 1)], axis=1)


async def all_but_the_last_key(site: Site, board: Board) -> None:
    since = len(site.daemon.lines)
    await board.lift()
    await site.phase(board, "pin", since)
    await enter(board, f"{ALEX.pin}#")
    await site.phase(board, "number", since)
    await enter(board, ALEX.contact.removeprefix("+1"))


@pytest.mark.each_vm
async def test_two_handsets_one_inmate(tmp_path: Path) -> None:
    party = Accept(delay_s=0.3, ring_s=0.1)
    async with house(tmp_path, {ALEX.contact: party}, seconds=LIMIT_S, handsets=2) as site:
        await asyncio.gather(*(all_but_the_last_key(site, board) for board in site.boards))
        for board in site.boards:
            board.speak(WORDS)
            board.press("#")
        refused = await told(site, "call denied")
        denied, board = sorted(site.boards, key=lambda each: each.device != refused["handset"])
        record = await site.ended(board)
        far = await site.far_end_of(ALEX.contact)

        refusal = next(call for call in site.calls() if call.handset == denied.device)
        assert (refusal.outcome, refusal.deny_rule, refusal.charged_micros) == ("denied", "busy_elsewhere", 0)
        assert refusal.recording is None
        assert len(site.switch.calls) == 1, "the refused attempt reached the switch"

        talk = (await seen(site, board, "visit", 0, phase="talk"))["mono"]
        during = talk + 0.5, talk + LIMIT_S - 0.5
        assert record.outcome == "completed"
        assert (record.talk_seconds, record.charged_micros) == (LIMIT_S, record.rate_micros_per_minute * LIMIT_S // 60)
        assert correlate(between(far.heard, *during), to_8k(WORDS), 8000).correlation > 0.85
        assert correlate(between(ear(board), *during), far.sent.pcm, 8000).correlation > 0.85
        await on_hook(site, board)
        await on_hook(site, denied)
        assert await site.daemon.stop() == 0

        assert record.recording
        samples = stereo(site, Path(record.recording))
        caller, called_party = samples[:, 0], samples[:, 1]
        assert abs(len(samples) / 8000 - LIMIT_S) < 1
        assert correlate(caller[4000:-4000], to_8k(WORDS), 8000).correlation > 0.85
        assert correlate(called_party[4000:-4000], far.sent.pcm, 8000).correlation > 0.85
        assert [path.name for path in (site.data / "recordings").iterdir()] == [f"{record.id}.klr"]
        assert len(assert_in_order(site)) == 2
