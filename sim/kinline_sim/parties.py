"""Called parties: what a person, a machine or the network does when the simulated switch gets a call for a number."""

from __future__ import annotations

import asyncio
import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from kinline_engine import tty
from kinline_sim import speech
from kinline_sim.g711 import Pcm
from kinline_sim.rtp import RATE, WIDE_RATE

BEEP_HZ = 1000
BEEP_S = 0.4
FOREVER_S = 7200.0
RINGBACK_HZ = (440, 480)
RINGBACK_PEAK = 2300  # each tone: -19 dBm0, as North American exchanges send it
LINE_NOISE_RMS = 60  # about -49 dBm0


class Phone(Protocol):
    """What a called party can do with its telephone. Waiting methods end early, by CallOver, when the call ends."""

    @property
    def seed(self) -> int:
        """For whatever the party chooses at random."""

    def ring(self) -> None:
        """180 Ringing."""

    def early_media(self) -> None:
        """183 with session description; `say` then reaches the caller before the answer."""

    async def answer(self) -> None:
        """200; returns once the caller acknowledged."""

    def reject(self, status: int, phrase: str) -> None:
        """A final refusal."""

    def hang_up(self, cause: int = 16) -> None:
        """Put the receiver down."""

    async def hold(self) -> None:
        """Take no audio from the caller; returns once that has been answered."""

    async def resume(self) -> None:
        """Take it again."""

    async def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""

    async def hear_prompt(self, patience_s: float) -> bool:
        """Until something was said and a pause followed; False when nothing of the kind came in time."""

    async def press(self, digit: str, in_band: bool) -> None:
        """Press a key and release it."""

    @property
    def wide(self) -> bool:
        """Whether the call carries 16 kHz."""

    async def say(self, pcm: Pcm, rate: int = RATE) -> None:
        """Speak samples to their end."""

    async def over(self) -> None:
        """Until the call ends, from whichever side."""


class CallOver(Exception):
    """The call ended while the party was doing something."""


class Party(Protocol):
    """One script."""

    async def take(self, phone: Phone) -> None:
        """Handle one call. Returning hangs up whatever is still up; CallOver may pass through."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What parties that answer have in common: they ring, pick up, greet, and wait for the menu or a fixed time."""

    ring_s: float = 0.5
    delay_s: float | None = None  # fixed wait after answering; None: until the menu has been heard
    prompt_timeout_s: float = 30.0
    in_band: bool = False
    greeting_s: float = 0.0  # says something ("Hello?") before listening to the menu

    async def pick_up(self, phone: Phone) -> None:
        """Ring, answer, greet."""
        phone.ring()
        await phone.sleep(self.ring_s)
        await phone.answer()
        await self.greet(phone)

    async def greet(self, phone: Phone) -> None:
        """What it says on answering."""
        if self.greeting_s:
            await phone.say(speech.speech(self.greeting_s, phone.seed + 1))

    async def listen_to_menu(self, phone: Phone) -> None:
        """Wait as told before pressing a key."""
        if self.delay_s is not None:
            await phone.sleep(self.delay_s)
        else:
            await phone.hear_prompt(self.prompt_timeout_s)


@dataclass(frozen=True, kw_only=True)
class Accept(Answering):
    """Accepts the call, then talks until the far end hangs up, or hangs up after `talk_s`."""

    name: ClassVar[str] = "accept"
    digit: str = "1"
    talk_s: float | None = None
    speech_s: float = 30.0  # this much speech, again and again
    speech_file: Path | None = None
    wide: bool = False  # speaks with a voice that has something above 4 kHz, where the call carries it

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        await self.listen_to_menu(phone)
        await phone.press(self.digit, self.in_band)
        await self.talk(phone)

    async def talk(self, phone: Phone) -> None:
        """Speak until the time or the call is over."""
        rate = WIDE_RATE if self.wide and phone.wide else RATE
        words = await asyncio.to_thread(self.words, phone.seed, rate)
        try:
            async with asyncio.timeout(self.talk_s):
                while True:
                    await phone.say(words, rate)
        except TimeoutError:
            phone.hang_up()

    def words(self, seed: int, rate: int = RATE) -> Pcm:
        """What this party says, at that rate."""
        if self.speech_file is not None:
            pcm, own = speech.read_wav(self.speech_file)
            return speech.resample(pcm, own, rate)
        return speech.speech(self.speech_s, seed) if rate == RATE else speech.wide_speech(self.speech_s, seed)


@dataclass(frozen=True, kw_only=True)
class RateQuote(Accept):
    """Asks for the price, listens to it, then accepts."""

    name: ClassVar[str] = "rate_quote"
    quote_digit: str = "3"

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        await self.listen_to_menu(phone)
        await phone.press(self.quote_digit, self.in_band)
        await self.listen_to_menu(phone)
        await phone.press(self.digit, self.in_band)
        await self.talk(phone)


@dataclass(frozen=True, kw_only=True)
class TextTelephone(Accept):
    """Accepts, and types on a TTY (45.45 Baud Baudot) instead of speaking, with a rest between two lines."""

    name: ClassVar[str] = "text_telephone"
    text: str = "HELLO THIS IS GRANDMA. HOW ARE YOU Q GA"
    rest_s: float = 3.0
    hello: str = ""  # typed as soon as it has answered

    async def greet(self, phone: Phone) -> None:
        if self.hello:
            await phone.say(np.frombuffer(tty.send(self.hello), np.int16))

    def words(self, seed: int, rate: int = RATE) -> Pcm:
        typed = np.frombuffer(tty.send(self.text), np.int16)
        return speech.resample(np.concatenate((typed, np.zeros(round(self.rest_s * RATE), np.int16))), RATE, rate)


@dataclass(frozen=True, kw_only=True)
class ThreeWay(Accept):
    """Accepts and talks; then a hold while it dials, the third party's telephone rings, and a third voice joins."""

    name: ClassVar[str] = "three_way"
    before_s: float = 20.0
    hold_s: float = 6.0
    rings: int = 1

    def words(self, seed: int, rate: int = RATE) -> Pcm:
        rng = np.random.default_rng(seed)
        t = np.arange(2 * RATE) / RATE
        ring = (np.sin(2 * np.pi * RINGBACK_HZ[0] * t) + np.sin(2 * np.pi * RINGBACK_HZ[1] * t)) * RINGBACK_PEAK
        once = np.concatenate((ring, np.zeros(4 * RATE))).astype(np.int16)
        talked = speech.speech(self.before_s, seed)
        talked = np.clip(talked + rng.normal(0, LINE_NOISE_RMS, len(talked)), -32768, 32767).astype(np.int16)
        joined = speech.speech(self.speech_s, seed + 2)
        whole = np.concatenate((talked, np.zeros(round(self.hold_s * RATE), np.int16), *[once] * self.rings, joined))
        return speech.resample(whole, RATE, rate)


@dataclass(frozen=True, kw_only=True)
class Refuse(Answering):
    """Presses the refusal key and waits for the caller's side to clear the call."""

    name: ClassVar[str] = "refuse"
    digit: str = "2"

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        await self.listen_to_menu(phone)
        await phone.press(self.digit, self.in_band)
        await phone.over()


@dataclass(frozen=True, kw_only=True)
class BlockForGood(Refuse):
    """Refuses this call and all later ones."""

    name: ClassVar[str] = "block_for_good"
    digit: str = "9"


@dataclass(frozen=True, kw_only=True)
class HangUp(Answering):
    """Answers, listens for a while, hangs up without a key."""

    name: ClassVar[str] = "hang_up"
    after_s: float = 3.0

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        await phone.sleep(self.after_s)
        phone.hang_up()


@dataclass(frozen=True, kw_only=True)
class Silent(Answering):
    """Answers and neither speaks nor presses anything."""

    name: ClassVar[str] = "silent"

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        await phone.over()


@dataclass(frozen=True, kw_only=True)
class Voicemail(Answering):
    """A machine: greeting, beep, then it records for a while. It never presses a key."""

    name: ClassVar[str] = "voicemail"
    ring_s: float = 2.0
    greeting_s: float = 4.0
    record_s: float = 60.0

    async def take(self, phone: Phone) -> None:
        await self.pick_up(phone)
        t = np.arange(round(BEEP_S * RATE)) / RATE
        await phone.say(np.asarray(np.round(8000 * np.sin(2 * np.pi * BEEP_HZ * t)), np.int16))
        await phone.sleep(self.record_s)
        phone.hang_up()


@dataclass(frozen=True, kw_only=True)
class Final:
    """The network or the telephone refuses without an answer, after ringing for `ring_s` (0: at once)."""

    status: int = 486
    phrase: str = "Busy Here"
    ring_s: float = 0.0

    async def take(self, phone: Phone) -> None:
        if self.ring_s:
            phone.ring()
            await phone.sleep(self.ring_s)
        phone.reject(self.status, self.phrase)
        await phone.over()


@dataclass(frozen=True, kw_only=True)
class Busy(Final):
    """486 at once."""

    name: ClassVar[str] = "busy"


@dataclass(frozen=True, kw_only=True)
class NotFound(Final):
    """404: no such number."""

    name: ClassVar[str] = "not_found"
    status: int = 404
    phrase: str = "Not Found"


@dataclass(frozen=True, kw_only=True)
class RingOut:
    """Rings and nobody comes; 480 after `ring_s`, or never when that is None."""

    name: ClassVar[str] = "ring_out"
    ring_s: float | None = None

    async def take(self, phone: Phone) -> None:
        phone.ring()
        await phone.sleep(FOREVER_S if self.ring_s is None else self.ring_s)
        phone.reject(480, "Temporarily Unavailable")
        await phone.over()


@dataclass(frozen=True, kw_only=True)
class Unresponsive:
    """The call gets a 100 and nothing else ever."""

    name: ClassVar[str] = "unresponsive"

    async def take(self, phone: Phone) -> None:
        await phone.over()


PARTIES: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        Accept,
        RateQuote,
        TextTelephone,
        ThreeWay,
        Refuse,
        BlockForGood,
        HangUp,
        Silent,
        Voicemail,
        Busy,
        NotFound,
        RingOut,
        Unresponsive,
    )
}


class ScriptError(ValueError):
    """A numbers file that cannot be used; the message names file, number and key."""


def load(path: Path) -> tuple[dict[str, Party], Party]:
    """Read a numbers file: `[numbers."+12025550123"]` with `party = "accept"` and that party's settings, and `[default]`.

    Returns the parties by number and the one for every other number (not found, unless the file says otherwise).
    """
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: {error}") from error
    unknown = document.keys() - {"numbers", "default"}
    if unknown:
        raise ScriptError(f"{path}: unknown table {sorted(unknown)[0]!r}; there are numbers and default")
    numbers = {number: _party(f"{path}: {number}", entry) for number, entry in document.get("numbers", {}).items()}
    default = _party(f"{path}: default", document["default"]) if "default" in document else NotFound()
    return numbers, default


def _party(place: str, entry: Any) -> Party:
    if not isinstance(entry, dict) or entry.get("party") not in PARTIES:
        raise ScriptError(f"{place}: party must be one of {', '.join(PARTIES)}")
    kind = PARTIES[entry["party"]]
    hints = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}
    settings = {}
    for key, value in entry.items():
        if key == "party":
            continue
        if key not in known:
            raise ScriptError(f"{place}: {entry['party']} has no setting {key!r}; it has {', '.join(sorted(known))}")
        settings[key] = _setting(f"{place}: {key}", value, hints[key])
    return typing.cast(Party, kind(**settings))


def _setting(place: str, value: Any, hint: Any) -> Any:
    allowed = set(hint.__args__) if isinstance(hint, types.UnionType) else {hint}
    if Path in allowed and isinstance(value, str):
        return Path(value)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) not in allowed:
        raise ScriptError(f"{place}: {value!r} is not {' or '.join(sorted(t.__name__ for t in allowed))}")
    return value
