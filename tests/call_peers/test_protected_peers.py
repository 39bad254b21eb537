"""Protected calls of the whole system with programs whose SRTP and RTCP others wrote: heard both ways, and reported on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from demo.site import OtherSwitch, Site
from kinline.store.calls import CallInfo
from kinline_sim import speech as voices
from kinline_sim.g711 import Pcm
from kinline_sim.listening import correlate, to_8k
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, told
from tests.call_peers.hearing import Hearing
from tests.peers import asterisk
from tests.peers.asterisk import Asterisk
from tests.peers.baresip import Baresip

pytestmark = [pytest.mark.vm, pytest.mark.peer, pytest.mark.slow]

RATE = voices.RATE
LIMIT_S = 12
TALK_S = 8.0  # a second report of the peer, at the latest
AES_CM, GCM = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"


def trunk(*suites: str) -> str:
    return f'media_protection = "required"\nsrtp_suites = {list(suites)}\ncodecs = ["PCMU"]\n'


async def talk(site: Site, said: Pcm, accepts: Callable[[], Awaitable[object]], heard: Callable[[], Awaitable[Pcm]]) -> Hearing:
    """One call that the caller ends, with how both heard it."""
    board, words = site.board, voices.speech(LIMIT_S, seed=3, speaker="caller", rate=2 * RATE)
    since = await ring_home(site, board)
    await site.phase(board, "menu", since)
    await accepts()
    start = await accepted(site, board, since)
    board.speak(words)
    await asyncio.sleep(TALK_S)
    caller_heard = ear(board)
    await on_hook(site, board)
    await site.ended(board, since)
    party_heard = await heard()
    return Hearing(
        caller=correlate(between(caller_heard, start + 1.5, start + 6.5), said, RATE).correlation,
        called_party=correlate(to_8k(words[: 5 * 2 * RATE]), party_heard, RATE).correlation,
    )


def assert_protected_and_reported(call: CallInfo, suite: str) -> None:
    quality = call.quality
    assert quality is not None and (quality.codec, quality.srtp) == ("PCMU", suite)
    # Theirs names a report of ours only if it came after our first.
    assert quality.round_trip_ms is None or quality.round_trip_ms < 1000
    assert quality.far_lost_percent is not None and quality.mos_called is not None
    assert quality.mos_caller > 3


@pytest.mark.parametrize("suite", [AES_CM, GCM])
@pytest.mark.usefixtures("needs_baresip")
async def test_baresip(tmp_path: Path, speech: dict[str, Path], suite: str) -> None:
    said, _ = voices.read_wav(speech["es"])
    with Baresip(tmp_path / "party", speech["es"], user=ALEX.contact, address="127.0.0.1", protection="srtp-mand") as party:
        central = OtherSwitch(party.address, party.port)

        async def accepts() -> None:
            await asyncio.to_thread(party.wait_for_event, "CALL_ESTABLISHED")
            await asyncio.to_thread(party.command, "sndcode", "1")

        async def heard() -> Pcm:
            await asyncio.to_thread(party.wait_for_event, "CALL_CLOSED")
            return voices.read_wav(party.heard())[0]

        async with house(tmp_path / "site", {}, seconds=LIMIT_S, other=central, trunk=trunk(suite)) as site:
            hearing = await talk(site, said, accepts, heard)
            assert hearing.good, hearing
            calls = assert_in_order(site)
        assert "SRTP is Enabled" in party.program.log.read_text() and suite in party.program.log.read_text()
    assert_protected_and_reported(calls[-1], suite)


@pytest.mark.usefixtures("needs_asterisk")
async def test_asterisk(tmp_path: Path, speech: dict[str, Path]) -> None:
    """Debian's takes AES_CM alone from a session description: of two that are offered, the second."""
    said, _ = voices.read_wav(speech["en"])
    numbers = (asterisk.accepts(ALEX.contact, "en/demo-congrats", "heard.wav"),)
    with Asterisk(tmp_path / "asterisk", numbers, protected=True) as switch:
        central = OtherSwitch(switch.address, switch.port, switch.user, switch.password)

        async def accepts() -> None:
            """By itself, a second after it answered."""

        async def heard() -> Pcm:
            await asyncio.to_thread(switch.wait_for_event, "Hangup", Exten=ALEX.contact)
            return voices.read_wav(await asyncio.to_thread(switch.recording, "heard.wav"))[0]

        async with house(tmp_path / "site", {}, seconds=LIMIT_S, other=central, trunk=trunk(GCM, AES_CM)) as site:
            hearing = await talk(site, said, accepts, heard)
            assert hearing.good, hearing
            calls = assert_in_order(site)
        switch.hang_up_all()
    assert_protected_and_reported(calls[-1], AES_CM)


@pytest.mark.usefixtures("needs_asterisk")
async def test_asterisk_refuses_a_call_in_clear(tmp_path: Path) -> None:
    numbers = (asterisk.echo(ALEX.contact),)
    with Asterisk(tmp_path / "asterisk", numbers, protected=True) as switch:
        central = OtherSwitch(switch.address, switch.port, switch.user, switch.password)
        async with house(tmp_path / "site", {}, other=central) as site:
            since = await ring_home(site, site.board)
            assert (await told(site, "far end gone", since))["status"] == 488
            await on_hook(site, site.board)
