"""The volume keys of the real firmware in a talk whose other keys are dead, and the echo of its receiver."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from kinline_sim import speech
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, seen

pytestmark = [pytest.mark.vm]


async def test_three_presses_are_12_db_and_hanging_up_resets_them(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    rng = np.random.default_rng(3)
    speech.write_wav(quiet, rng.normal(0, 400, 20 * speech.RATE).astype(np.int16))
    async with house(tmp_path / "site", {ALEX.contact: Accept(delay_s=1.0, speech_file=quiet)}, seconds=20) as site:
        board = site.board
        since = await ring_home(site, board)
        start = await accepted(site, board, since)
        await asyncio.sleep(2.5)
        await board.dial("5+++")
        louder = (await seen(site, board, "volume", since, db=12))["mono"]
        await asyncio.sleep(2.5)
        heard = ear(board)
        before, after = between(heard, start + 1, start + 2.2), between(heard, louder + 0.5, louder + 2.2)
        await on_hook(site, board)
        await site.ended(board, since)
        gained = 10 * np.log10(np.mean(after.astype(float) ** 2) / np.mean(before.astype(float) ** 2))
        assert gained == pytest.approx(12, abs=1)

        since = len(site.daemon.lines)
        await board.lift()
        await site.phase(board, "pin", since)
        await board.press("+")
        await seen(site, board, "volume", since, db=4)
        await on_hook(site, board)
        assert_in_order(site)


async def test_the_receivers_echo_does_not_go_back_to_the_called_party(tmp_path: Path) -> None:
    """Through firmware, DMA and link, which the canceller's reach has to cover."""
    party = Accept(delay_s=1.0)
    async with house(tmp_path / "site", {ALEX.contact: party}, seconds=20, clean_microphone=True) as site:
        board = site.board
        board.world.codec.coupling = 0.25  # -12 dB
        since = await ring_home(site, board)
        start = await accepted(site, board, since)
        await asyncio.sleep(9)
        heard = ear(board)
        await on_hook(site, board)
        await site.ended(board, since)
        far = await site.far_end_of(ALEX.contact)
    echo, there = between(heard, start + 4, start + 8), between(far.heard, start + 4, start + 8)
    assert 10 * np.log10(np.mean(echo.astype(float) ** 2) / np.mean(there.astype(float) ** 2 + 1)) > 12 + 15
