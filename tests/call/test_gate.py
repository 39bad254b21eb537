"""Safety property P1 on the whole system: before acceptance no sample of either party reaches the other."""

import asyncio
import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.site import Person, Site
from kinline_sim.board import Board
from kinline_sim.flash import FIRMWARE
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import (
    Accept,
    BlockForGood,
    Busy,
    CallOver,
    HangUp,
    Party,
    Phone,
    RateQuote,
    Refuse,
    RingOut,
    Silent,
    Voicemail,
)
from kinline_sim.rtp import Take
from tests.breach import never
from tests.call.house import assert_in_order, between, ear, house, on_hook, ring_home, seen, voice

pytestmark = pytest.mark.vm

LIMIT_S = 4
# The end of a prompt, alone in its second, resembles noise by chance: 0.3 was measured. A voice through the channel gives 0.9.
MOST_LEAK = 0.4
LEAST_HEARD = 0.8
QUIET_RMS = 10  # a voice of 3000 would have to leak at -50 dB to stay under it
ACCEPT = {"accept", "early media", "rate quote"}


class TalkingPhone:
    """A telephone whose owner talks without pause from the answer on, whatever the script does beside it."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._words = to_8k(voice(60, phone.seed + 50)).astype(np.int16)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._phone, name)

    async def answer(self) -> None:
        await self._phone.answer()
        self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        with contextlib.suppress(CallOver):
            await self._phone.say(self._words)


@dataclass(frozen=True)
class Talking:
    """A party that never shuts up."""

    party: Party

    async def take(self, phone: Phone) -> None:
        await self.party.take(TalkingPhone(phone))


@dataclass(frozen=True, kw_only=True)
class EarlyMedia(Accept):
    """Sends speech before it answers, as a network's announcement does."""

    async def take(self, phone: Phone) -> None:
        phone.early_media()
        await phone.say(to_8k(voice(2.5, phone.seed + 3)).astype(np.int16))
        await super().take(phone)


PARTIES: dict[str, Party] = {
    "accept": Talking(Accept(delay_s=4)),
    "early media": Talking(EarlyMedia(delay_s=2)),
    "rate quote": Talking(RateQuote(delay_s=3)),
    "refuse": Talking(Refuse(delay_s=4)),
    "block": Talking(BlockForGood(delay_s=4)),
    "hang up": Talking(HangUp(after_s=4)),
    "silent": Talking(Silent()),
    "voicemail": Talking(Voicemail(ring_s=0.5)),
    "busy": Busy(),
    "ring out": RingOut(),
}
PEOPLE = {name: Person(f"3{i:03}", f"Person {name}", f"48{i:02}15", f"+120255501{30 + i}") for i, name in enumerate(PARTIES)}


def never_muted(folder: Path) -> Path:
    """Firmware that sends the microphone at all times, so that the host's gate stands alone."""
    shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    audio = folder / "handset" / "audio.py"
    text = audio.read_text()
    mute = "return self._frame if session.may_speak else _SILENCE"
    assert text.count(mute) == 1
    audio.write_text(text.replace(mute, "return self._frame"))
    return folder


@pytest.mark.parametrize("microphone", ["muted by the firmware", "always open"])
async def test_nothing_passes_before_acceptance(tmp_path: Path, microphone: str) -> None:
    names = list(PARTIES) if microphone == "always open" else ["accept", "refuse"]
    people = [PEOPLE[name] for name in names]
    numbers = {PEOPLE[name].contact: PARTIES[name] for name in names}
    # A called party that neither accepts nor refuses hears the menu once; the ring limit leaves room for early media.
    calls = "menu_timeout_seconds = 1\nmenu_repeats = 1\nring_limit_seconds = 6\n"
    site = house(tmp_path / "site", numbers, handsets=len(names), people=people, calls=calls, seconds=LIMIT_S)
    if microphone == "always open":
        firmware = never_muted(tmp_path / "firmware")
        site.boards = [Board(device=b.device, key=b.key, link=site.folder / b.device, source=firmware) for b in site.boards]
    async with site:
        dialling = asyncio.Semaphore(3)  # more fingers at once starve a small machine, and bounces are read as keys
        await asyncio.gather(*(one_call(site, dialling, *who) for who in zip(names, site.boards, people, strict=True)))
        calls = assert_in_order(site)
        assert len([call for call in calls if call.outcome != "denied"]) == len(names)


async def one_call(site: Site, dialling: asyncio.Semaphore, name: str, board: Board, person: Person) -> None:
    words = to_8k(voice(90, int(person.number))).astype(np.int16)
    spoken = Take(time.monotonic_ns(), words)
    board.speak(voice(90, int(person.number)))
    async with dialling:
        since = await ring_home(site, board, person)
    record = await site.ended(board, since)
    heard = ear(board)
    far = await site.far_end_of(person.contact)
    await on_hook(site, board)
    talk: float | None = None
    if name in ACCEPT:
        talk = (await seen(site, board, "visit", since, phase="talk"))["mono"]
        assert record.outcome == "completed", f"{name}: {record}"
    else:
        assert record.accepted_at is None and record.charged_micros == 0, f"{name}: {record}"
    before = talk - 0.1 if talk else time.monotonic()
    to_caller, to_called_party = leak(far.sent, heard, 0, before), leak(spoken, far.heard, 0, before)
    never(to_caller >= MOST_LEAK, f"{name}: the caller heard the called party before acceptance ({to_caller:.2f})")
    never(to_called_party >= MOST_LEAK, f"{name}: the called party heard the caller before acceptance ({to_called_party:.2f})")
    if talk:  # the same measure on the talk: it would have caught a leak
        during = talk + 0.4, talk + LIMIT_S - 0.2
        assert leak(far.sent, heard, *during) > LEAST_HEARD, f"{name}: the measure hears nothing"
        assert leak(spoken, far.heard, *during) > LEAST_HEARD, f"{name}: the measure hears nothing"


def leak(spoken: Take, heard: Take, start: float, end: float) -> float:
    """How much of what the one side said is in the second of the other's where there is most of it."""
    found = [0.0]
    first, last = max(start, heard.start_ns / 1e9), min(end, heard.start_ns / 1e9 + len(heard.pcm) / 8000)
    for at in (*np.arange(first, last - 1, 1), last - 1):  # the last second before acceptance whole, too
        window, said = between(heard, at, at + 1), between(spoken, at - 3, at + 1.5)
        if window.size and np.sqrt(np.mean(window.astype(float) ** 2)) > QUIET_RMS and np.any(said):
            found.append(correlate(window, said, 8000).correlation)
    return max(found)
