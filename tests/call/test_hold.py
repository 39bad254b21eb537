"""Media that changes in the talk: the far end holds the line and takes it again, and nothing else of the call changes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kinline_engine import tty
from kinline_sim import speech
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import BEEP_HZ, Accept, Phone
from kinline_sim.phone import SimPhone
from kinline_sim.rtp import RATE
from tests.call.house import (
    ALEX,
    accepted,
    assert_in_order,
    between,
    ear,
    house,
    on_hook,
    ring_home,
    told,
    until,
    voice,
)
from tests.call.test_privileged import privileged

pytestmark = pytest.mark.vm

TYPED = "OK BYE SK"  # shorter than what is kept at once
MUSIC = speech.speech(4.0, 91)
LIMIT_S = 14


@dataclass(frozen=True, kw_only=True)
class HoldsWithMusic(Accept):
    """Talks, holds the line with something to hear on it, takes it again and talks on until the clock ends it."""

    async def talk(self, phone: Phone) -> None:
        await phone.say(speech.speech(2.0, phone.seed))
        await phone.hold()
        await phone.say(MUSIC)
        await phone.resume()
        await phone.say(speech.speech(30.0, phone.seed + 1))


@dataclass(frozen=True, kw_only=True)
class HoldsThenTypes(Accept):
    """Holds the line, takes it again, types a line, and hangs up with the last character."""

    async def talk(self, phone: Phone) -> None:
        await phone.hold()
        await phone.resume()
        await phone.say(np.frombuffer(tty.send(TYPED), np.int16))
        phone.hang_up()


@dataclass(frozen=True, kw_only=True)
class HoldsThenSoundsLikeAMachine(Accept):
    """Holds the line, takes it again, and plays what a machine says before acceptance: a greeting and a beep."""

    async def talk(self, phone: Phone) -> None:
        await phone.hold()
        await phone.resume()
        await phone.say(speech.speech(6.0, phone.seed))
        t = np.arange(round(0.4 * RATE)) / RATE
        await phone.say(np.asarray(np.round(8000 * np.sin(2 * np.pi * BEEP_HZ * t)), np.int16))
        await phone.sleep(2)
        phone.hang_up()


async def test_who_holds_is_sent_nothing_and_the_clock_goes_on(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: HoldsWithMusic(delay_s=0.2, ring_s=0.2)}, seconds=LIMIT_S) as site:
        site.board.speak(words := voice(30, 92))
        since = await ring_home(site, site.board)
        began = await accepted(site, site.board, since)
        held = (await told(site, "far media", since, held=True))["mono"]
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", LIMIT_S)
        assert record.recording is not None
        far = await site.far_end_of(ALEX.contact)
        resumed = next(at for at, what in far.timeline if what == "resumes") / 1e9
        assert resumed - held > 3
        assert not between(far.heard, held + 0.3, resumed - 0.3).any(), "who holds is sent nothing"
        for start, end in ((began + 0.5, held - 0.3), (resumed + 0.5, began + LIMIT_S - 0.5)):
            assert correlate(between(far.heard, start, end), to_8k(words), 8000).correlation > 0.8
        assert correlate(between(ear(site.board), held + 0.7, resumed - 0.3), MUSIC, 8000).correlation > 0.8
        await on_hook(site, site.board)
        assert_in_order(site)


async def test_what_is_typed_last_behind_a_hold_is_kept(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: HoldsThenTypes(delay_s=0.2, ring_s=0.2)}, seconds=30) as site:
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by) == ("completed", "called_party")
        await until(lambda: site.store.call(record.id).typed, "what was typed is kept")
        whole = site.store.call(record.id)
        assert [(part.side, part.text) for part in whole.typed] == [("called_party", TYPED)]
        assert "tty" in {sign.sign for sign in whole.signs}
        await on_hook(site, site.board)
        assert_in_order(site)


async def test_what_the_caller_types_before_hanging_up_is_kept(tmp_path: Path) -> None:
    phones: list[SimPhone] = []

    class Listens(Accept):
        async def talk(self, phone: Phone) -> None:
            assert isinstance(phone, SimPhone)
            phones.append(phone)
            await phone.over()

    async with house(tmp_path, {ALEX.contact: Listens(delay_s=0.2, ring_s=0.2)}, seconds=30) as site:
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        await until(lambda: phones, "the called party is in the talk")
        site.board.speak(np.repeat(np.frombuffer(tty.send(TYPED), np.int16), 2))
        await until(lambda: TYPED in printed(phones[0]), "the called party has read it")
        await on_hook(site, site.board)
        record = await site.ended(site.board, since)
        await until(lambda: site.store.call(record.id).typed, "what was typed is kept")
        assert [(part.side, part.text) for part in site.store.call(record.id).typed] == [("caller", TYPED)]
        assert_in_order(site)


def printed(phone: SimPhone) -> str:
    """What a text telephone there has printed."""
    pcm = phone.heard
    return tty.Receiver().hear(pcm[: len(pcm) // tty.BLOCK * tty.BLOCK].tobytes())


@pytest.mark.parametrize("of_counsel", [True, False], ids=["privileged", "unrecorded"])
async def test_a_private_talk_is_not_listened_to_behind_a_hold(tmp_path: Path, of_counsel: bool) -> None:
    party = HoldsThenSoundsLikeAMachine(delay_s=0.2, ring_s=0.2)
    async with house(tmp_path, {ALEX.contact: party}, seconds=30, recorded=of_counsel) as site:
        if of_counsel:
            await privileged(site)
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by, record.recorded) == ("completed", "called_party", False)
        assert [line["held"] for line in site.daemon.lines[since:] if line["event"] == "far media"] == [False, True, False]
        assert not site.store.call(record.id).signs and not site.store.call(record.id).typed
        await on_hook(site, site.board)
        await told(site, "far end gone", since)
        assert_in_order(site)
