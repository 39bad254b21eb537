"""Calls over a protected trunk, on the whole system."""

import asyncio
import time
from pathlib import Path

import pytest

from kinline_engine.sip import Protection
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, stopped, told, until, voice

pytestmark = pytest.mark.vm
WORDS = voice(60, 12)


async def test_a_call_is_heard_both_ways_under_keys_that_nobody_logs(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Accept()}, trunk='media_protection = "required"\n') as site:
        assert (await told(site, "the keys of protected media go over the trunk in clear"))["transport"] == "udp"
        board = site.board
        board.speak(WORDS)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        await asyncio.sleep(began + 4 - time.monotonic())
        await on_hook(site, board)
        far = await site.switch.finished()
        heard = ear(board)
        assert (await told(site, "far media", since))["srtp"] == far.srtp == "AEAD_AES_128_GCM"
        await until(lambda: site.calls()[0].ended_at, "the record is closed")
        [call] = assert_in_order(site)
    assert call.quality is not None and (call.quality.codec, call.quality.srtp) == ("G722", "AEAD_AES_128_GCM")
    assert call.quality.packets > 100 and call.mos == call.quality.mos_caller > 3
    # The far end's reports are protected, too; the first comes within 3.1 s of its answer.
    assert call.quality.round_trip_ms is not None and call.quality.far_lost_percent is not None
    assert call.quality.mos_called is not None
    talk = between(far.heard, began + 1, began + 3)
    assert correlate(talk, to_8k(WORDS), 8000).correlation > 0.85
    assert correlate(between(heard, began + 1, began + 3), far.sent.pcm, 8000).correlation > 0.85
    logged = "\n".join(str(line) for line in site.daemon.lines)
    assert "inline:" not in logged and "send_key" not in logged


async def test_no_call_where_the_far_end_does_not_protect(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Accept()}, trunk='media_protection = "required"\n') as site:
        site.switch.protection = Protection.NONE
        since = await ring_home(site, site.board)
        gone = await told(site, "far end gone", since)
        assert gone["status"] == 488
        await on_hook(site, site.board)
        await until(lambda: site.calls()[0].ended_at, "the record is closed")
        [call] = assert_in_order(site)
        assert call.charged_micros == 0 and call.talk_seconds == 0
        counters = await stopped(site)
    assert not counters.get("private_media_in_clear")
