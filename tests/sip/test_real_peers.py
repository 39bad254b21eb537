"""Calls to programs that others wrote: baresip with audio both ways, Asterisk 22 as the switch."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.engine import Codec, FarEnd
from kinline_engine.sip import (
    G722,
    PCMU,
    Answered,
    By,
    Changed,
    Credentials,
    Ended,
    LocalMedia,
    OptionsResult,
    Progress,
    SipConfig,
)
from kinline_sim import speech as voices
from kinline_sim.g711 import Pcm
from kinline_sim.listening import above_4_khz, correlate
from kinline_sim.rtp import RATE, WIDE_RATE, RtpEnd
from tests.engine.parties import FRAME16, Stage
from tests.peers import asterisk
from tests.peers.asterisk import Asterisk
from tests.peers.baresip import Baresip
from tests.sip.caller import Caller

pytestmark = pytest.mark.peer
NUMBER = "+12025550123"
TALK_S = 6.0
GOOD = 0.9
GOOD_HIGH = 0.5  # G.722 spends 16 of its 64 kbit/s above 4 kHz
WIDE = (G722, PCMU)


@contextlib.asynccontextmanager
async def audio() -> AsyncIterator[RtpEnd]:
    end = RtpEnd("127.0.0.1", seed=5)
    await end.start()
    yield end
    await end.close()


async def talk(
    caller: Caller, uri: str, end: RtpEnd, words: Pcm, credentials: Credentials | None = None, wide: bool = False, id: int = 1
) -> Ended:
    """Call, speak to the end of `words`, hang up; wide is in G.722, words then 16 kHz."""
    media = LocalMedia("127.0.0.1", end.port, WIDE) if wide else LocalMedia("127.0.0.1", end.port)
    caller.invite(uri, id, media=media, credentials=credentials)
    answered = await caller.until(Answered)
    assert answered.media is not None
    assert (answered.media.codec == G722) is wide
    end.aim(answered.media)
    await end.say(words, WIDE_RATE if wide else RATE)
    caller.endpoint.hangup(id)
    return await caller.until(Ended)


def wide_enough(said: Pcm, heard: Pcm) -> bool:
    """Whether what is above 4 kHz came through, too."""
    whole = correlate(said, heard, WIDE_RATE).correlation
    return whole > GOOD and correlate(above_4_khz(said), above_4_khz(heard), WIDE_RATE).correlation > GOOD_HIGH


@pytest.mark.usefixtures("needs_baresip")
async def test_baresip_and_we_hear_each_other(tmp_path: Path, speech: dict[str, Path]) -> None:
    said, rate = voices.read_wav(speech["es"])
    words = voices.speech(TALK_S, seed=3, speaker="caller")
    with Baresip(tmp_path, speech["es"]) as party:
        async with Caller() as caller, audio() as end:
            ended = await talk(caller, party.uri, end, words)
            await asyncio.to_thread(party.wait_for_event, "CALL_CLOSED")
    heard, _ = voices.read_wav(party.heard())
    assert rate == RATE
    assert ended.by is By.LOCAL
    assert correlate(end.heard.pcm[: 4 * RATE], said, RATE).correlation > GOOD
    # What is still in its jitter buffer when the call ends is never played.
    assert correlate(words[: 5 * RATE], heard, RATE).correlation > GOOD


@pytest.mark.usefixtures("needs_baresip")
async def test_baresip_and_we_hear_each_other_in_wide_band(tmp_path: Path) -> None:
    said, words = voices.wide_speech(10, seed=2), voices.wide_speech(TALK_S, seed=3, speaker="caller")
    voices.write_wav(tmp_path / "said.wav", said, WIDE_RATE)
    with Baresip(tmp_path, tmp_path / "said.wav", codecs="G722/16000") as party:
        async with Caller() as caller, audio() as end:
            await talk(caller, party.uri, end, words, wide=True)
            await asyncio.to_thread(party.wait_for_event, "CALL_CLOSED")
    heard, rate = voices.read_wav(party.heard())
    assert rate == WIDE_RATE
    # What we heard begins 22 samples, G.722's own delay, before what was said.
    assert wide_enough(end.heard_at(WIDE_RATE).pcm[WIDE_RATE : 4 * WIDE_RATE], said)
    assert wide_enough(words[: 5 * WIDE_RATE], heard)


@pytest.mark.usefixtures("needs_baresip")
async def test_baresip_holds_and_is_sent_nothing(tmp_path: Path, speech: dict[str, Path]) -> None:
    with Stage(far_end=False) as stage, Baresip(tmp_path, speech["es"], address="127.0.0.1") as party:
        async with Caller() as caller:
            caller.invite(party.uri, media=LocalMedia("127.0.0.1", stage.engine.rtp_port))
            steps: list[tuple[str, type[Answered] | type[Changed]]] = [("", Answered), ("hold", Changed), ("resume", Changed)]
            held = []
            stage.call.gate(True)
            for change, kind in steps:
                if change:
                    await asyncio.to_thread(party.command, change)
                media = (await caller.until(kind)).media
                assert media is not None
                stage.call.set_far(FarEnd(media.ip, media.port, Codec(media.codec), media.payload, held=media.held))
                before = stage.call.counters.far.sent
                for _ in range(10):
                    stage.period(np.zeros(FRAME16, np.int16), None)
                held.append((media.held, stage.call.counters.far.sent - before))
            caller.endpoint.hangup(1)
            await caller.until(Ended)
    assert held == [(False, 10), (True, 0), (False, 10)]


@pytest.mark.usefixtures("needs_baresip")
async def test_baresip_hangs_up(tmp_path: Path, speech: dict[str, Path]) -> None:
    with Baresip(tmp_path, speech["es"]) as party:
        async with Caller() as caller:
            caller.invite(party.uri)
            await caller.until(Answered)
            await asyncio.to_thread(party.wait_for_event, "CALL_ESTABLISHED")
            await asyncio.to_thread(party.command, "hangup")
            ended = await caller.until(Ended)
    assert ended.by is By.REMOTE


@pytest.fixture
def switch(tmp_path: Path, needs_asterisk: None, speech: dict[str, Path]) -> Asterisk:
    return Asterisk(
        tmp_path / "asterisk",
        (
            asterisk.echo(NUMBER),
            asterisk.early_media("+12025550124", "en/demo-congrats"),
            asterisk.busy("+12025550125"),
            asterisk.bye_after("+12025550126", 0.5),
            asterisk.rings("+12025550127"),
        ),
        codecs="g722,ulaw,alaw",
    )


def called(switch: Asterisk, number: str, transport: str = "udp") -> str:
    return f"sip:{number}@{switch.address}:{switch.port};transport={transport}"


async def test_asterisk_as_the_switch(switch: Asterisk, speech: dict[str, Path]) -> None:
    """One start of Asterisk for all: it takes seconds."""
    with switch:
        account = Credentials(switch.user, switch.password)
        async with Caller(SipConfig("127.0.0.1")) as caller:
            await echo_call(caller, switch, account)
            await wide_echo_call(caller, switch, account)
            await early_media_call(caller, switch, account, speech["en"])
            await short_calls(caller, switch, account)
        switch.hang_up_all()


async def echo_call(caller: Caller, switch: Asterisk, account: Credentials) -> None:
    words = voices.speech(3.0, seed=4, speaker="caller")
    async with audio() as end:
        ended = await talk(caller, called(switch, NUMBER), end, words, account)
        assert ended.by is By.LOCAL
        assert correlate(words[: 2 * RATE], end.heard.pcm, RATE).correlation > GOOD


async def wide_echo_call(caller: Caller, switch: Asterisk, account: Credentials) -> None:
    words = voices.wide_speech(3.0, seed=4, speaker="caller")
    async with audio() as end:
        await talk(caller, called(switch, NUMBER), end, words, account, wide=True, id=9)
        assert wide_enough(words[: 2 * WIDE_RATE], end.heard_at(WIDE_RATE).pcm)


async def early_media_call(caller: Caller, switch: Asterisk, account: Credentials, spoken: Path) -> None:
    said, _ = voices.read_wav(spoken)
    async with audio() as end:
        uri = called(switch, "+12025550124")
        caller.invite(uri, 2, media=LocalMedia("127.0.0.1", end.port), credentials=account)
        while (progress := await caller.until(Progress)).media is None:
            pass
        assert progress.status == 183
        end.aim(progress.media)
        await end.packets_from(150)
        caller.endpoint.hangup(2)
        ended = await caller.until(Ended)
        assert (ended.status, ended.by) == (487, By.LOCAL)
        assert correlate(end.heard.pcm[: 2 * RATE], said, RATE).correlation > GOOD


async def short_calls(caller: Caller, switch: Asterisk, account: Credentials) -> None:
    caller.invite(called(switch, "+12025550125"), 3, credentials=account)
    busy = await caller.until(Ended)
    assert (busy.status, busy.by) == (486, By.REFUSED)

    caller.invite(called(switch, "+12025550126", "tcp"), 4, credentials=account)
    await caller.until(Answered)
    assert (await caller.until(Ended)).by is By.REMOTE

    caller.invite(called(switch, "+12025550199"), 5, credentials=account)
    unknown = await caller.until(Ended)
    assert (unknown.status, unknown.by) == (404, By.REFUSED)

    caller.invite(called(switch, "+12025550127"), 6, credentials=account)
    await caller.until(Progress)
    caller.endpoint.hangup(6)
    assert (await caller.until(Ended)).by is By.LOCAL

    caller.invite(called(switch, NUMBER), 7, credentials=Credentials(switch.user, "wrong"))
    assert (await caller.until(Ended)).by is By.CREDENTIALS

    caller.endpoint.options(8, f"sip:{switch.address}:{switch.port}")
    assert (await caller.until(OptionsResult)).alive


def test_speech_differs_between_speakers() -> None:
    """Else a correlation would say nothing about who was heard."""
    mine, theirs = voices.speech(8, speaker="caller"), voices.speech(8, speaker="called")
    assert correlate(mine, theirs, RATE).correlation < 0.3
    assert np.array_equal(mine, voices.speech(8, speaker="caller"))
