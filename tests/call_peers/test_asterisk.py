"""The whole system and Asterisk 22 as the central switch, with digest authentication. It starts once for all calls."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from demo.site import OtherSwitch, Site
from kinline_sim import speech as voices
from kinline_sim.g711 import Pcm
from kinline_sim.listening import correlate, to_8k
from tests.call.house import (
    ALEX,
    LUZ,
    accepted,
    assert_in_order,
    between,
    ear,
    house,
    on_hook,
    ring_home,
    seen,
    told,
    usable,
)
from tests.call_peers.hearing import Hearing
from tests.peers import asterisk
from tests.peers.asterisk import Asterisk

pytestmark = [pytest.mark.vm, pytest.mark.peer, pytest.mark.slow]

RATE = voices.RATE
LIMIT_S = 10
UNHEARD = 0.3  # what two different voices give; see tests.sip.test_real_peers


def caller_words(seed: int) -> Pcm:
    return voices.speech(LIMIT_S, seed, "caller", 2 * RATE)


@pytest.mark.usefixtures("needs_asterisk")
async def test_asterisk_as_the_switch(tmp_path: Path, speech: dict[str, Path]) -> None:
    numbers = (
        asterisk.accepts(ALEX.contact, "en/demo-congrats", "heard.wav"),
        asterisk.early_media(LUZ.contact, "en/demo-congrats"),
    )
    said, _ = voices.read_wav(speech["en"])
    with Asterisk(tmp_path / "asterisk", numbers) as switch:
        central = OtherSwitch(switch.address, switch.port, switch.user, switch.password)
        async with house(tmp_path / "site", {}, seconds=LIMIT_S, other=central) as site:
            await early_media_is_not_heard(site, said)
            hearing = await the_called_party_hangs_up(site, switch, said)
            assert hearing.good, hearing
            await the_clock_hangs_up(site, switch)
            await usable(site, site.board)
            assert_in_order(site)


async def early_media_is_not_heard(site: Site, said: Pcm) -> None:
    """183 with speech before the answer: the caller hears our ringback alone."""
    board = site.board
    since = await ring_home(site, board, LUZ)
    await told(site, "progress", since, status=183)
    start = time.monotonic()
    await asyncio.sleep(6)
    heard = between(ear(board), start + 1, start + 6)
    await on_hook(site, board)
    record = await site.ended(board, since)
    assert (record.outcome, record.ended_by, record.charged_micros) == ("abandoned", "caller", 0)
    assert np.any(heard), "no ringback"
    assert correlate(heard, said, RATE).correlation < UNHEARD


async def the_called_party_hangs_up(site: Site, switch: Asterisk, said: Pcm) -> Hearing:
    """The digit accepts; until then the caller, who talks all the time, is not heard."""
    board, too_soon, words = site.board, caller_words(21), caller_words(22)
    since = await ring_home(site, board)
    await seen(site, board, "visit", since, phase="inviting")
    board.speak(too_soon)
    start = await accepted(site, board, since)
    board.speak(words)
    await asyncio.sleep(7)
    caller_heard = ear(board)
    switch.hang_up_all()
    record = await site.ended(board, since)
    await on_hook(site, board)
    assert (record.outcome, record.ended_by) == ("completed", "called_party")
    assert 6 <= record.talk_seconds <= 8
    await asyncio.to_thread(switch.wait_for_event, "Hangup", Exten=ALEX.contact)
    party_heard, _ = voices.read_wav(await asyncio.to_thread(switch.recording, "heard.wav"))
    assert correlate(to_8k(too_soon), party_heard, RATE).correlation < UNHEARD
    # The extension speaks half a second after its digit.
    during = between(caller_heard, start + 1.5, start + 6.5)
    return Hearing(
        caller=correlate(during, said, RATE).correlation,
        called_party=correlate(to_8k(words[: 5 * 2 * RATE]), party_heard, RATE).correlation,
    )


async def the_clock_hangs_up(site: Site, switch: Asterisk) -> None:
    board = site.board
    since = await ring_home(site, board)
    record = await site.ended(board, since)
    assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", LIMIT_S)
    ended = await asyncio.to_thread(switch.wait_for_event, "Hangup", Exten=ALEX.contact)
    assert ended["Cause"] == "16"  # normal clearing, by our BYE
    await on_hook(site, board)
