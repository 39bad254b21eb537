"""Labelled calls from seeds: human speech on lines of all kinds, with what the detectors are to find in it, and what not.

Each scene is made from its name and number alone, so that a false or a missed sign can be heard again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kinline_engine.detect import Phase, Sign
from kinline_engine.tty import send
from kinline_sim.g711 import Pcm
from tests.detect import line
from tests.detect.line import RATE, Codec, Sound

LOSS = 0.03
_CODECS: tuple[Codec, ...] = ("pcmu", "pcma")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is heard from the far end and sent to it, sample by sample. `expected`: the sign to be found, None: none at all.

    `from_s`: when what is to be found begins."""

    name: str
    number: int
    phase: Phase
    far: Pcm
    near: Pcm
    expected: Sign | None
    from_s: float = 0.0
    loss: float = 0.0
    codec: Codec = "pcmu"

    @property
    def seconds(self) -> float:
        return len(self.far) / RATE


class Person:
    """One speaker at one level: sentences, each another."""

    def __init__(self, rng: np.random.Generator, not_language: str | None = None) -> None:
        self._rng = rng
        self.language = str(rng.choice([name for name in line.LANGUAGES if name != not_language]))
        self.level = float(rng.uniform(-28, -14))

    def sentence(self, least_s: float = 0.5, most_s: float = 12.0) -> Sound:
        """One recorded sentence; shortened to `most_s` at a quiet place, if it is longer."""
        all_clips = line.clips(self.language)
        for _ in range(20):
            clip = all_clips[int(self._rng.integers(len(all_clips)))]
            if len(clip) >= least_s * RATE:
                break
        return line.at_level(clip[: round(most_s * RATE)], self.level)

    def monologue(self, seconds: float, pause_s: float = 0.35) -> Sound:
        """Sentence after sentence as an announcement is read, with short breaths."""
        parts: list[Sound] = []
        have = 0.0
        while have < seconds:
            parts += [self.sentence(1.0), line.silence(float(self._rng.uniform(0.15, pause_s)))]
            have += (len(parts[-2]) + len(parts[-1])) / RATE
        return np.concatenate(parts)[: round(seconds * RATE)]


def _place(onto: Sound, sound: Sound, at_s: float) -> None:
    at = round(at_s * RATE)
    end = min(len(onto), at + len(sound))
    if at < end:
        onto[at:end] += sound[: end - at]


def conversation(rng: np.random.Generator, seconds: float, far: Person, near: Person) -> tuple[Sound, Sound]:
    """Two people in turn, with pauses, and with words into the other's sentence."""
    sides = (np.zeros(round(seconds * RATE)), np.zeros(round(seconds * RATE)))
    people = (far, near)
    now, turn = float(rng.uniform(0, 1)), int(rng.integers(2))
    while now < seconds:
        said = people[turn].sentence()
        _place(sides[turn], said, now)
        if rng.random() < 0.2:
            _place(sides[1 - turn], people[1 - turn].sentence(0.5, 1.2), now + float(rng.uniform(0, len(said) / RATE)))
        now += len(said) / RATE + float(rng.exponential(0.7)) - 0.2
        if rng.random() < 0.08:
            now += float(rng.uniform(2, 6))  # nobody knows what to say
        turn = 1 - turn if rng.random() < 0.75 else turn
    return sides


@dataclass(slots=True)
class Room:
    """The far end's line: its noise and its echo, which a second line at a bridge adds to."""

    floor_dbm0: float
    pink: bool
    hybrid: line.Hybrid

    @classmethod
    def any(cls, rng: np.random.Generator) -> "Room":
        return cls(float(rng.uniform(-68, -40)), bool(rng.random() < 0.7), line.hybrid(rng))

    def heard(self, rng: np.random.Generator, far: Sound, near: Sound) -> Sound:
        return far + line.noise(rng, len(far), self.floor_dbm0, self.pink) + self.hybrid.of(near)


def _scene(
    name: str, number: int, phase: Phase, rng: np.random.Generator, far: Sound, near: Sound | None,
    expected: Sign | None, from_s: float = 0.0,
) -> Scene:  # fmt: skip
    codec = _CODECS[int(rng.integers(2))]
    loss = LOSS if rng.random() < 1 / 3 else 0.0
    far = line.whole_packets(far)
    sent = np.zeros(len(far)) if near is None else line.whole_packets(near)
    heard = line.lossy(line.coded(far, codec), rng, loss)
    return Scene(name, number, phase, heard, line.coded(sent, codec), expected, from_s, loss, codec)


# Talks in which nothing is to be found ------------------------------------------------------------


def talk(rng: np.random.Generator, number: int, seconds: float = 300.0) -> Scene:
    """Two people talk, and things happen at the far end that are no third party."""
    far_person = Person(rng)
    near_person = Person(rng, far_person.language)
    room = Room.any(rng)
    far, near = conversation(rng, seconds, far_person, near_person)
    heard = room.heard(rng, far, near)
    happenings = list(_HAPPENINGS)
    rng.shuffle(happenings)
    at = float(rng.uniform(15, 40))
    names = []
    for happening in happenings:
        if at > seconds - 30:
            break
        at = happening(rng, heard, at, room) + float(rng.uniform(15, 50))
        names.append(happening.__name__.strip("_"))
    return _scene(f"talk: {', '.join(names)}", number, Phase.TALK, rng, heard, near, None)


Happening = Callable[[np.random.Generator, Sound, float, Room], float]


def _span(heard: Sound, at_s: float, seconds: float) -> Sound:
    return heard[round(at_s * RATE) : round((at_s + seconds) * RATE)]


def _muted(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """The telephone's mute key, or a cellular network that sends nothing in a pause."""
    seconds = float(rng.uniform(1.0, 15.0))
    _span(heard, at_s, seconds)[:] = 0
    return at_s + seconds


def _on_hold_and_back(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """A call waiting is looked at: flash, hold, flash, and the same line again."""
    seconds = float(rng.uniform(3.0, 20.0))
    span = _span(heard, at_s, seconds)
    span[:] = line.noise(rng, len(span), -75, False)
    for end in (at_s, at_s + seconds):
        _place(heard, _click(rng), end)
    return at_s + seconds


def _handed_over(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """Somebody else takes the receiver, with its clatter."""
    for _ in range(int(rng.integers(2, 6))):
        _place(heard, _click(rng) * 2, at_s + float(rng.uniform(0, 1.5)))
    _place(heard, Person(rng).monologue(float(rng.uniform(5, 20)), 1.5), at_s + 2)
    return at_s + 22


def _television(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    seconds = float(rng.uniform(20, 60))
    person = Person(rng)
    person.level = float(rng.uniform(-45, -30))
    _place(heard, person.monologue(seconds), at_s)
    return at_s + seconds


def _music(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    seconds = float(rng.uniform(20, 60))
    pieces = line.music()
    piece = line.at_level(pieces[int(rng.integers(len(pieces)))], float(rng.uniform(-40, -20)))
    start = int(rng.integers(max(1, len(piece) - round(seconds * RATE))))
    _place(heard, piece[start : start + round(seconds * RATE)], at_s)
    return at_s + seconds


def _window_opened(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """The room gets louder, or a fan stops: the line's noise moves without a hold."""
    rest = heard[round(at_s * RATE) :]
    rest += line.noise(rng, len(rest), room.floor_dbm0 + float(rng.uniform(3, 15)), bool(rng.random() < 0.5))
    return at_s


def _keys(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """A child plays with the keys."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    for _ in range(int(rng.integers(1, 6))):
        pair = (float(rng.choice(rows)), float(rng.choice(columns)))
        press = line.tone(pair, float(rng.uniform(0.08, 0.6)), float(rng.uniform(-16, -8)))
        _place(heard, press, at_s)
        at_s += len(press) / RATE + float(rng.uniform(0.1, 1.0))
    return at_s


def _whistled(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    for _ in range(int(rng.integers(3, 12))):
        seconds = float(rng.uniform(0.1, 0.6))
        t = np.arange(round(seconds * RATE)) / RATE
        start, end = rng.uniform(600, 2000, 2)
        wave = np.sin(2 * np.pi * (start * t + (end - start) * t**2 / (2 * seconds)))
        _place(heard, wave * line.rms(float(rng.uniform(-30, -14))) * np.sqrt(2), at_s)
        at_s += seconds + float(rng.uniform(0, 0.3))
    return at_s


def _pauses_cut(rng: np.random.Generator, heard: Sound, at_s: float, room: Room) -> float:
    """A gate in the far telephone: nothing at all between its words."""
    seconds = float(rng.uniform(10, 40))
    span = _span(heard, at_s, seconds)
    blocks = span[: len(span) // 160 * 160].reshape(-1, 160)
    level = np.sqrt(np.mean(blocks**2, axis=1))
    blocks[level < line.rms(room.floor_dbm0) * 3] = 0
    return at_s + seconds


_HAPPENINGS: tuple[Happening, ...] = (
    _muted, _on_hold_and_back, _handed_over, _television, _music, _window_opened, _keys, _whistled, _pauses_cut,
)  # fmt: skip


def _click(rng: np.random.Generator) -> Sound:
    """What a hook switch leaves on the line: some milliseconds of noise, low in frequency."""
    count = round(float(rng.uniform(0.004, 0.03)) * RATE)
    burst = np.cumsum(rng.standard_normal(count)) * np.hanning(count)
    return np.asarray(burst / np.std(burst) * line.rms(float(rng.uniform(-30, -12))))


# Third parties -------------------------------------------------------------------------------------


def _third(rng: np.random.Generator, number: int, name: str, *, rings: bool, joined: bool, tail: Sound | None = None) -> Scene:
    """Flash, hold while the called party dials, flash; then rings perhaps, and a third party on another line."""
    far_person = Person(rng)
    near_person = Person(rng, far_person.language)
    room = Room.any(rng)
    before, hold, after = float(rng.uniform(30, 90)), float(rng.uniform(4, 25)), 60.0
    far1, near1 = conversation(rng, before, far_person, near_person)
    held = line.noise(rng, round(hold * RATE), float(rng.uniform(-80, -72)), False)
    # The inmate asks whether anyone is there.
    near2 = np.zeros(len(held))
    _place(near2, near_person.sentence(0.5, 2), hold / 2)
    far3, near3 = conversation(rng, after, far_person, near_person)
    bridge = Room(
        10 * float(np.log10(10 ** (room.floor_dbm0 / 10) + 10 ** (float(rng.uniform(-62, -38)) / 10))),
        room.pink,
        line.Hybrid(room.hybrid.reflections + line.hybrid(rng).reflections),
    )
    talked = 0.0
    if rings:
        count = int(rng.integers(1, 4))
        ring = np.concatenate([np.concatenate((line.tone((440, 480), 2.0, -19), line.silence(4))) for _ in range(count)])
        ring = ring[: len(ring) - round(float(rng.uniform(0, 4.5)) * RATE)]
        talked = len(ring) / RATE
        far3[: len(ring)] = ring
        near3[: len(ring)] = 0
    elif tail is not None:
        talked = len(tail) / RATE
        far3[: len(tail)] = tail
    if joined:
        _place(far3, Person(rng).monologue(after - talked, 3.0), talked + 0.5)
    heard3 = bridge.heard(rng, far3, near3)
    heard1 = room.heard(rng, far1, near1)
    for at, onto in ((0.0, heard3), (0.0, held)):
        _place(onto, _click(rng), at)
    far = np.concatenate((heard1, held, heard3))
    near = np.concatenate((near1, near2, near3))
    return _scene(name, number, Phase.TALK, rng, far, near, Sign.THREE_WAY, before)


def three_way_ringing(rng: np.random.Generator, number: int) -> Scene:
    return _third(rng, number, "three-way, joined while it rings", rings=True, joined=True)


def three_way_answered(rng: np.random.Generator, number: int) -> Scene:
    return _third(rng, number, "three-way, joined after the answer", rings=False, joined=True)


def three_way_busy(rng: np.random.Generator, number: int) -> Scene:
    busy = np.concatenate([np.concatenate((line.tone((480, 620), 0.5, -22), line.silence(0.5))) for _ in range(6)])
    return _third(rng, number, "three-way, the third is busy", rings=False, joined=False, tail=busy)


# Between answer and acceptance ---------------------------------------------------------------------


def _answer(rng: np.random.Generator, number: int, name: str, sound: Sound, expected: Sign | None, from_s: float = 0.0) -> Scene:
    """Our own menu is spoken meanwhile, and comes back as the line's echo."""
    room = Room(float(rng.uniform(-70, -48)), bool(rng.random() < 0.7), line.hybrid(rng))
    menu = Person(rng)
    menu.level = -18.0
    ours = np.zeros(len(sound))
    _place(ours, menu.monologue(min(20.0, len(sound) / RATE)), 0.3)
    return _scene(name, number, Phase.ANSWER, rng, room.heard(rng, sound, ours), ours, expected, from_s)


def person_answers(rng: np.random.Generator, number: int) -> Scene:
    """A word or two, then listening to the menu; sometimes a question into it, sometimes a key."""
    person, sound = Person(rng), np.zeros(round(30 * RATE))
    now = float(rng.uniform(0.2, 1.5))
    for _ in range(int(rng.integers(1, 5))):
        said = person.sentence(0.5, float(rng.uniform(0.7, 2.4)))
        _place(sound, said, now)
        now += len(said) / RATE + float(rng.uniform(0.8, 8))
    if rng.random() < 0.5:
        _place(sound, line.tone((697, 1209), float(rng.uniform(0.1, 0.4)), -12), float(rng.uniform(8, 28)))
    if rng.random() < 0.3:
        other = Person(rng)
        other.level = float(rng.uniform(-52, -42))
        _place(sound, other.monologue(28), 1)
    return _answer(rng, number, "a person answers", sound, None)


def _with_beep(rng: np.random.Generator, number: int, name: str, least_s: float, most_s: float) -> Scene:
    seconds = float(rng.uniform(least_s, most_s))
    spoken = Person(rng).monologue(seconds)
    hz = float(rng.choice([425, 440, 480, 660, 800, 850, 1000, 1200, 1330, 1500, 1800]))
    beep = line.tone((hz,), float(rng.uniform(0.15, 1.2)), float(rng.uniform(-20, -8)))
    gap = line.silence(float(rng.uniform(0.2, 1.2)))
    sound = np.concatenate((line.silence(float(rng.uniform(0.3, 2))), spoken, gap, beep, line.silence(8)))
    return _answer(rng, number, name, sound, Sign.BEEP, (len(sound) - 8 * RATE - len(beep)) / RATE)


def voicemail(rng: np.random.Generator, number: int) -> Scene:
    return _with_beep(rng, number, "voicemail, its beep", 4, 18)


def machine_short(rng: np.random.Generator, number: int) -> Scene:
    return _with_beep(rng, number, "answering machine of few words, its beep", 1, 3)


def announcement(rng: np.random.Generator, number: int) -> Scene:
    sound = np.concatenate((line.silence(float(rng.uniform(0.2, 1.5))), Person(rng).monologue(float(rng.uniform(9, 20)))))
    return _answer(rng, number, "a greeting that does not listen", np.concatenate((sound, line.silence(3))), Sign.GREETING)


def _repeated(rng: np.random.Generator, pair: tuple[float, ...], on_s: float, off_s: float, times: int) -> Sound:
    level = float(rng.uniform(-30, -14))
    once = np.concatenate((line.tone(pair, on_s, level), line.silence(off_s)))
    return np.concatenate((line.silence(float(rng.uniform(0.2, 1))), *[once] * times))


def busy(rng: np.random.Generator, number: int) -> Scene:
    return _answer(rng, number, "busy", _repeated(rng, (480, 620), 0.5, 0.5, 6), Sign.BUSY)


def reorder(rng: np.random.Generator, number: int) -> Scene:
    return _answer(rng, number, "reorder", _repeated(rng, (480, 620), 0.25, 0.25, 10), Sign.REORDER)


def ringback(rng: np.random.Generator, number: int) -> Scene:
    return _answer(rng, number, "rings on after the answer", _repeated(rng, (440, 480), 2, 4, 2), Sign.FORWARDED)


def dial_tone(rng: np.random.Generator, number: int) -> Scene:
    return _answer(rng, number, "dial tone", _repeated(rng, (350, 440), 4, 0.1, 1), Sign.DIAL_TONE)


def sit(rng: np.random.Generator, number: int) -> Scene:
    first = ((913.8, 0.274), (985.2, 0.38), (913.8, 0.274), (985.2, 0.38))[number % 4]
    second = ((1370.6, 0.274), (1370.6, 0.274), (1428.5, 0.38), (1428.5, 0.38))[number % 4]
    level = float(rng.uniform(-28, -14))
    tones = [line.tone((hz,), seconds, level) for hz, seconds in (first, second, (1776.7, 0.38))]
    sound = np.concatenate((line.silence(0.5), *tones, line.silence(0.3), Person(rng).monologue(5)))
    return _answer(rng, number, "SIT and its announcement", sound, Sign.SIT)


def fax_answers(rng: np.random.Generator, number: int) -> Scene:
    sound = np.concatenate((line.silence(1.0), line.tone((2100,), 3.0, float(rng.uniform(-30, -10))), line.silence(1)))
    return _answer(rng, number, "a fax answers (CED)", sound, Sign.FAX)


def fax_calls(rng: np.random.Generator, number: int) -> Scene:
    return _answer(rng, number, "a fax calls (CNG)", _repeated(rng, (1100,), 0.5, 3, 3), Sign.FAX)


_TYPED = ("HELLO GA", "HI WHO IS CALLING PLS GA", "SMITH RESIDENCE Q GA", "YES THIS IS MARIA GA")


def text_telephone(rng: np.random.Generator, number: int) -> Scene:
    typed = np.frombuffer(send(str(rng.choice(_TYPED))), np.int16).astype(np.float64)
    gain = 10 ** (float(rng.uniform(-20, 4)) / 20)
    sound = np.concatenate((line.silence(1.0), typed * gain, line.silence(1)))
    return _answer(rng, number, "a text telephone answers", sound, Sign.TTY, 1.0)


Maker = Callable[[np.random.Generator, int], Scene]
KINDS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        three_way_ringing, three_way_answered, three_way_busy, person_answers, voicemail, machine_short, announcement,
        busy, reorder, ringback, dial_tone, sit, fax_answers, fax_calls, text_telephone,
    )
}  # fmt: skip


def scenes(kind: str, count: int, seed: int = 1) -> Iterator[Scene]:
    for number in range(count):
        yield scene(kind, number, seed)


def scene(kind: str, number: int, seed: int = 1) -> Scene:
    """One scene again. `kind` is a key of KINDS, or "talk"."""
    rng = np.random.default_rng([seed, sum(kind.encode()), number])
    return talk(rng, number) if kind == "talk" else KINDS[kind](rng, number)
