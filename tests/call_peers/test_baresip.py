"""The whole system and baresip, which is the called party at the end of the trunk itself."""

import asyncio
from pathlib import Path

import pytest

from demo.site import OtherSwitch, Site
from kinline_sim import speech as voices
from kinline_sim.g711 import Pcm
from kinline_sim.listening import correlate, to_8k
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, usable
from tests.call_peers.hearing import Hearing
from tests.peers.baresip import Baresip

pytestmark = [pytest.mark.vm, pytest.mark.peer, pytest.mark.slow]

RATE = voices.RATE
LIMIT_S = 10
TALK_S = 7.0


@pytest.mark.usefixtures("needs_baresip")
async def test_both_hear_each_other_and_the_caller_hangs_up(tmp_path: Path, speech: dict[str, Path]) -> None:
    said, _ = voices.read_wav(speech["es"])
    # Its RTP leaves by the route's address, whatever it listens at, and the engine takes audio from the address agreed only.
    with Baresip(tmp_path / "party", speech["es"], user=ALEX.contact, address="127.0.0.1") as party:
        async with house(tmp_path / "site", {}, seconds=LIMIT_S, other=OtherSwitch(party.address, party.port)) as site:
            hearing = await the_caller_hangs_up(site, party, said)
            assert hearing.good, hearing
            await usable(site, site.board)
            assert_in_order(site)


async def the_caller_hangs_up(site: Site, party: Baresip, said: Pcm) -> Hearing:
    board, words = site.board, voices.speech(LIMIT_S, seed=3, speaker="caller", rate=2 * RATE)
    since = await ring_home(site, board)
    await site.phase(board, "menu", since)
    await asyncio.to_thread(party.wait_for_event, "CALL_ESTABLISHED")
    await asyncio.to_thread(party.command, "sndcode", "1")
    start = await accepted(site, board, since)
    board.speak(words)
    await asyncio.sleep(TALK_S)
    caller_heard = ear(board)
    await on_hook(site, board)
    await asyncio.to_thread(party.wait_for_event, "CALL_CLOSED")
    record = await site.ended(board, since)
    assert (record.outcome, record.ended_by) == ("completed", "caller")
    assert TALK_S - 1 <= record.talk_seconds <= TALK_S + 1

    party_heard, _ = voices.read_wav(party.heard())
    return Hearing(
        caller=correlate(between(caller_heard, start + 0.5, start + 6.5), said, RATE).correlation,
        # What is still in its jitter buffer when the call ends is never played.
        called_party=correlate(to_8k(words[: 5 * 2 * RATE]), party_heard, RATE).correlation,
    )
