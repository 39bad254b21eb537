"""The demonstration: one call accepted and ended by the clock, one refused at the called party's menu."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.daemon_process import Line
from demo.site import PEOPLE, Person, Site
from kinline.prompts.prompter import Prompter
from kinline.prompts.sound import read_wav
from kinline.store.calls import CallInfo
from kinline_sim.board import Board
from kinline_sim.listening import Heard, correlate, to_8k
from kinline_sim.parties import Accept, Party, Refuse
from kinline_sim.phone import CallRecord
from kinline_sim.rtp import Take
from kinline_sim.speech import speech

SPEECH_S = 60.0
GREETING_S = 4.0  # what the second called party says before it has refused
WARNING_S = 10  # before the end of the talk, by the profile demo
WARNING_EARLY_S = 0.3
WARNING_LATE_S = 2.0  # a busy machine renders it first
UNCONNECTED_S = 15  # of what is said into a telephone that is never connected, this much is looked for elsewhere


@dataclass(frozen=True, slots=True)
class Warned:
    """Where the warning that time is nearly over was found in what somebody heard, and how like itself."""

    at: float
    correlation: float


@dataclass(frozen=True, slots=True)
class MadeCall:
    """One call as everybody saw it. Times are seconds of the monotonic clock."""

    person: Person
    board: Board
    record: CallInfo
    far: CallRecord
    heard: NDArray[np.int16]  # at the caller's ear, 16 kHz
    heard_from: float
    lines: list[Line]
    lifted_at: float
    caller_heard: Heard
    called_party_heard: Heard
    warnings: dict[str, Warned]  # at whose ear
    heap_peak: int | None

    @property
    def talk(self) -> tuple[float, float] | None:
        """From the acceptance to the end of what was charged."""
        return _talk(self.lines, self.record)


def _talk(lines: list[Line], record: CallInfo) -> tuple[float, float] | None:
    start = next((line["mono"] for line in lines if line["event"] == "visit" and line["phase"] == "talk"), None)
    return (start, start + record.talk_seconds) if start is not None else None


def _stretch(take: Take, span: tuple[float, float]) -> NDArray[np.int16]:
    """The samples of a take that fall into a span of the monotonic clock."""
    first, last = (max(0, round((at - take.start_ns / 1e9) * 8000)) for at in span)
    return take.pcm[first:last]


async def perform(folder: Path, seed: int, heard: Callable[[Line], None]) -> tuple[MadeCall, MadeCall]:
    """Bring a site up, make both calls side by side, take it down."""
    first, second = PEOPLE
    parties: dict[str, Party] = {
        first.contact: Accept(speech_s=SPEECH_S, wide=True),
        second.contact: Refuse(greeting_s=GREETING_S),
    }
    site = Site(folder, parties, handsets=2, seed=seed, heard=heard)
    async with site:
        return await asyncio.gather(_accepted(site, site.boards[0], first), _refused(site, site.boards[1], second))


async def _accepted(site: Site, board: Board, person: Person) -> MadeCall:
    since, lifted_at = len(site.daemon.lines), time.monotonic()
    await site.dial_home(board, person, think_s=1.5)
    words = speech(SPEECH_S, site.seed + 100, "caller", 16_000)
    await site.phase(board, "talk", since)
    board.speak(words)
    return await _conclude(site, board, person, since, lifted_at, words)


async def _refused(site: Site, board: Board, person: Person) -> MadeCall:
    since, lifted_at = len(site.daemon.lines), time.monotonic()
    await site.dial_home(board, person, think_s=1.5)
    words = speech(SPEECH_S, site.seed + 200, "caller", 16_000)
    await site.phase(board, "inviting", since)
    board.speak(words)  # shouting into a telephone that is not connected yet: nobody may hear it
    return await _conclude(site, board, person, since, lifted_at, words)


async def _conclude(site: Site, board: Board, person: Person, since: int, lifted_at: float, words: NDArray[np.int16]) -> MadeCall:
    record = await site.ended(board, since)
    far = await site.far_end_of(person.contact)
    await asyncio.sleep(2.5)  # let "your time is over" be heard to its end
    await board.hang_up()
    health = await site.daemon.logged(lambda line: line["event"] == "health" and line["handset"] == board.device, since=since)
    heard, heard_until = board.heard(), time.monotonic()
    heard_from = heard_until - len(heard) / 16_000
    lines = [line for line in site.daemon.lines[since:] if line.get("handset") == board.device]
    talk = _talk(lines, record)
    ear, spoken = to_8k(heard), to_8k(words[: (record.talk_seconds or UNCONNECTED_S) * 16_000])
    return MadeCall(
        person, board, record, far, heard, heard_from, lines, lifted_at,
        caller_heard=correlate(_stretch(far.sent, talk) if talk else far.sent.pcm, ear, 8000),
        called_party_heard=correlate(spoken, far.heard.pcm, 8000),
        warnings=_warnings(site, talk, far, Take(round(heard_from * 1e9), ear.astype(np.int16))) if talk else {},
        heap_peak=health["heap_peak"],
    )  # fmt: skip


def _warnings(site: Site, talk: tuple[float, float], far: CallRecord, ear: Take) -> dict[str, Warned]:
    """The warning as it was rendered, looked for at both ears about when it is due."""
    warning = to_8k(read_wav(Prompter(site.data / "prompts").wav("warning", "en", seconds=WARNING_S)))
    first = talk[1] - WARNING_S - WARNING_EARLY_S
    last = talk[1] - WARNING_S + WARNING_LATE_S + len(warning) / 8000
    found = {}
    for who, take in (("caller", ear), ("called party", far.heard)):
        heard = correlate(warning, _stretch(take, (first, last)), 8000)
        found[who] = Warned(first + heard.delay_s, heard.correlation)
    return found
