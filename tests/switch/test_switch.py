"""The simulated switch and its called parties, called by our own endpoint: SIP, keys and audio as a daemon would see them."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.sip import G722, PCMA, PCMU, Answered, By, Credentials, Digest, Ended, LocalMedia, Progress, SipConfig
from kinline_sim import g711, parties, speech
from kinline_sim.listening import above_4_khz, correlate
from kinline_sim.parties import (
    Accept,
    BlockForGood,
    Busy,
    HangUp,
    NotFound,
    Party,
    RateQuote,
    Refuse,
    RingOut,
    Silent,
    Unresponsive,
    Voicemail,
)
from kinline_sim.phone import CallRecord
from kinline_sim.rtp import FRAME, RATE, WIDE_RATE, RtpEnd
from kinline_sim.switch import Switch, user_part
from tests.sip.caller import PATIENCE_S, Caller

NUMBER = "+12025550123"
GOOD = 0.95
GOOD_HIGH = 0.5  # G.722 spends 16 of its 64 kbit/s above 4 kHz


@dataclass
class Line:
    """A caller with audio, and the switch it calls."""

    switch: Switch
    caller: Caller
    audio: RtpEnd

    def call(self, credentials: Credentials | None = None, codecs: Sequence[int] = (PCMU, PCMA)) -> None:
        media = LocalMedia("127.0.0.1", self.audio.port, codecs)
        self.caller.invite(self.switch.uri(NUMBER), media=media, credentials=credentials)

    async def talk(self) -> None:
        answered = await self.caller.until(Answered)
        assert answered.media is not None
        self.audio.aim(answered.media)

    async def key(self) -> str:
        """The next key that the called party presses."""
        known = len(self.audio.digits_received)
        while len(self.audio.digits_received) == known:
            await self.audio.packets_from(len(self.audio.received))
        return self.audio.digits_received[known][1]

    async def over(self) -> tuple[Ended, CallRecord]:
        ended = await self.caller.until(Ended)
        async with asyncio.timeout(PATIENCE_S):
            return ended, await self.switch.finished()


@contextlib.asynccontextmanager
async def line(
    party: Party, digest: Digest | None = None, give_up_after_s: float = 32.0, codecs: Sequence[int] = (G722, PCMU, PCMA)
) -> AsyncIterator[Line]:
    audio = RtpEnd("127.0.0.1", seed=1)
    await audio.start()
    async with (
        Switch(numbers={NUMBER: party}, digest=digest, codecs=codecs) as switch,
        Caller(SipConfig("127.0.0.1", give_up_after_s=give_up_after_s)) as caller,
    ):
        yield Line(switch, caller, audio)
    await audio.close()


async def test_an_accepted_call_carries_both_voices() -> None:
    words = speech.speech(4, seed=9, speaker="caller")
    async with line(Accept(ring_s=0.0, delay_s=0.2, speech_s=4.0)) as phone:
        phone.call()
        await phone.talk()
        assert await phone.key() == "1"
        await phone.audio.say(words)
        phone.caller.endpoint.hangup(1)
        ended, record = await phone.over()
    assert (ended.by, record.party, record.failure) == (By.LOCAL, "Accept", None)
    assert record.ended is not None
    assert record.ended.by is By.REMOTE
    assert correlate(words, record.heard.pcm, RATE).correlation > GOOD
    assert correlate(record.sent.pcm, phone.audio.heard.pcm, RATE).correlation > GOOD


async def test_a_wide_call_carries_what_is_above_4_khz_both_ways() -> None:
    words = speech.wide_speech(4, seed=9, speaker="caller")
    async with line(Accept(ring_s=0.0, delay_s=0.2, speech_s=4.0, wide=True)) as phone:
        phone.call(codecs=(G722, PCMU))
        await phone.talk()
        assert await phone.key() == "1"
        await phone.audio.say(words, WIDE_RATE)
        phone.caller.endpoint.hangup(1)
        _, record = await phone.over()
    assert record.codec == G722
    assert record.heard_wide is not None and record.sent_wide is not None
    mine = phone.audio.heard_at(WIDE_RATE).pcm
    # The end of the last word is still under way when the caller hangs up.
    for spoken, heard in ((words[: 3 * WIDE_RATE], record.heard_wide.pcm), (record.sent_wide.pcm, mine)):
        assert correlate(above_4_khz(spoken), above_4_khz(heard), WIDE_RATE).correlation > GOOD_HIGH
        assert correlate(spoken, heard, WIDE_RATE).correlation > GOOD


async def test_a_narrow_switch_answers_with_what_it_speaks() -> None:
    async with line(Silent(ring_s=0.0), codecs=(PCMA,)) as phone:
        phone.call(codecs=(G722, PCMU, PCMA))
        await phone.talk()
        phone.caller.endpoint.hangup(1)
        _, record = await phone.over()
    assert (record.codec, record.heard_wide) == (PCMA, None)


async def test_nothing_is_lost_or_changed_on_the_way() -> None:
    """What arrives is what was sent, but for companding to the sample."""
    words = speech.speech(2, speaker="caller")
    async with line(Silent(ring_s=0.0)) as phone:
        phone.call()
        await phone.talk()
        await phone.audio.say(words)
        phone.caller.endpoint.hangup(1)
        _, record = await phone.over()
    sent, heard = phone.audio.sent.pcm, record.heard.pcm
    count = min(len(sent), len(heard))
    assert count >= len(words) - FRAME
    assert np.array_equal(heard[:count], g711.decode(g711.encode(sent[:count], "ulaw"), "ulaw"))


@pytest.mark.parametrize(("party", "key"), [(Refuse(ring_s=0.0), "2"), (BlockForGood(ring_s=0.0), "9")])
async def test_a_party_presses_its_key_after_the_menu(party: Party, key: str) -> None:
    menu = np.concatenate([speech.speech(2, speaker="caller"), np.zeros(RATE, np.int16)])
    async with line(party) as phone:
        phone.call()
        await phone.talk()
        phone.audio.say(menu)
        assert await phone.key() == key
        phone.caller.endpoint.hangup(1)
        ended, record = await phone.over()
    assert ended.by is By.LOCAL
    assert [digit for _, digit in record.digits_sent] == [key]
    heard_at = next(at for at, what in record.timeline if what == "heard a prompt")
    assert record.digits_sent[0][0] >= heard_at


async def test_a_party_asks_for_the_rate_first() -> None:
    async with line(RateQuote(ring_s=0.0, delay_s=0.1)) as phone:
        phone.call()
        await phone.talk()
        assert [await phone.key(), await phone.key()] == ["3", "1"]
        phone.caller.endpoint.hangup(1)
        await phone.over()


async def test_keys_can_be_tones() -> None:
    async with line(Accept(ring_s=0.0, delay_s=0.1, in_band=True)) as phone:
        phone.call()
        await phone.talk()
        await phone.audio.packets_from(25)
        phone.caller.endpoint.hangup(1)
        await phone.over()
    assert phone.audio.digits_received == []
    spectrum = np.abs(np.fft.rfft(phone.audio.heard.pcm[: RATE // 2]))
    hertz = np.fft.rfftfreq(RATE // 2, 1 / RATE)
    loudest = sorted(hertz[np.argsort(spectrum)[-12:]])
    assert min(abs(f - 697) for f in loudest) < 10
    assert min(abs(f - 1209) for f in loudest) < 10


async def test_a_party_hangs_up() -> None:
    async with line(HangUp(ring_s=0.0, after_s=0.1)) as phone:
        phone.call()
        await phone.talk()
        ended, record = await phone.over()
    assert (ended.by, ended.cause) == (By.REMOTE, 16)
    assert record.ended is not None
    assert record.ended.by is By.LOCAL


async def test_voicemail_greets_beeps_and_presses_nothing() -> None:
    async with line(Voicemail(ring_s=0.0, greeting_s=1.0, record_s=0.3)) as phone:
        phone.call()
        await phone.talk()
        ended, record = await phone.over()
    assert ended.by is By.REMOTE
    assert record.digits_sent == []
    assert np.abs(phone.audio.heard.pcm).max() > 3000


@pytest.mark.parametrize(
    ("party", "status"),
    [(Busy(), 486), (NotFound(), 404), (RingOut(ring_s=0.1), 480), (parties.Final(status=603, phrase="Decline"), 603)],
)
async def test_refusals_of_the_network(party: Party, status: int) -> None:
    async with line(party) as phone:
        phone.call()
        ended, record = await phone.over()
    assert (ended.status, ended.by) == (status, By.REFUSED)
    assert record.answered_ns is None


async def test_nobody_comes_to_the_telephone() -> None:
    async with line(RingOut()) as phone:
        phone.call()
        assert (await phone.caller.until(Progress)).status == 180
        phone.caller.endpoint.hangup(1)
        ended, record = await phone.over()
    assert ended.by is By.LOCAL
    assert record.ended is not None
    assert record.ended.by is By.REMOTE


async def test_a_network_that_says_nothing_more() -> None:
    async with line(Unresponsive()) as phone:
        phone.call()
        await asyncio.sleep(0.05)
        phone.caller.endpoint.hangup(1)
        ended, _ = await phone.over()
    assert ended.by is By.LOCAL


async def test_the_switch_wants_a_password() -> None:
    async with line(Busy(), Digest("kinline-sim", "facility", "a-test-only-secret")) as phone:
        phone.call(Credentials("facility", "a-test-only-secret"))
        ended, _ = await phone.over()
        assert ended.status == 486
        phone.call(Credentials("facility", "wrong"))
        assert (await phone.caller.until(Ended)).by is By.CREDENTIALS
        phone.call()
        assert (await phone.caller.until(Ended)).by is By.CREDENTIALS
        assert len(phone.switch.calls) == 1
        assert all(refusal.status == 401 for refusal in phone.switch.refusals)


async def test_closing_the_switch_hangs_up_its_calls() -> None:
    async with Caller() as caller:
        async with Switch(default=Silent(ring_s=0.0)) as switch:
            for id in range(1, 11):
                caller.invite(switch.uri(NUMBER), id)
            for _ in range(10):
                await caller.until(Answered)
        ends = [await caller.until(Ended) for _ in range(10)]
    assert {end.by for end in ends} == {By.REMOTE}


async def test_a_script_that_breaks_is_told() -> None:
    class Broken:
        async def take(self, phone: parties.Phone) -> None:
            raise RuntimeError("no such script")

    async with line(Broken()) as phone:
        phone.call()
        _, record = await phone.over()
    assert record.failure == "RuntimeError: no such script"


def test_the_number_in_a_uri() -> None:
    assert user_part("sip:+12025550123@127.0.0.1:5060;transport=udp") == NUMBER
    assert user_part("sips:%2B12025550123;npdi:pw@[::1]") == NUMBER
    assert user_part("sip:127.0.0.1") == ""


GOOD_FILE = """
[numbers."+12025550123"]
party = "accept"
digit = "5"
delay_s = 1
[numbers."+12025550124"]
party = "ring_out"
ring_s = 2.5
[default]
party = "busy"
"""


def test_a_numbers_file(tmp_path: Path) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text(GOOD_FILE)
    numbers, default = parties.load(path)
    assert numbers == {NUMBER: Accept(digit="5", delay_s=1.0), "+12025550124": RingOut(ring_s=2.5)}
    assert default == Busy()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[numbers", "numbers.toml"),
        ('[numbers."+1"]\nparty = "rude"', "accept"),
        ('[numbers."+1"]\nparty = "busy"\ndigit = "1"', "digit"),
        ('[numbers."+1"]\nparty = "accept"\ndelay_s = "soon"', "delay_s"),
        ("[other]", "other"),
        ("default = 3", "default"),
    ],
)
def test_a_bad_numbers_file_is_named(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text(text)
    with pytest.raises(parties.ScriptError, match=names):
        parties.load(path)


async def test_the_switch_as_a_program(tmp_path: Path) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text(GOOD_FILE)
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from kinline_sim.cli import main; main()",
        "switch", "--bind", "127.0.0.1:0", "--script", str(path), "--record", str(tmp_path / "calls"),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S), Caller() as caller:
            port = json.loads(await program.stdout.readline())["listening"]
            caller.invite(f"sip:{NUMBER}@127.0.0.1:{port}")
            await caller.until(Answered)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            call = json.loads(await program.stdout.readline())
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()
    assert (call["number"], call["party"], call["ended_by"]) == (NUMBER, "Accept", "remote")
    assert (Path(call["folder"]) / "heard.wav").exists()
    assert program.returncode == 0
