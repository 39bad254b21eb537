"""What is done to the handset's sound: echo, noise and level of its microphone, volume of its receiver, and nothing for TTY."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from kinline_engine.audio import Coder, Pcm
from kinline_engine.engine import Codec
from kinline_engine.errors import EngineError
from kinline_sim.speech import speech as recorded
from kinline_sim.speech import wide_speech
from tests.engine.parties import FRAME8, FRAME16, Stage, correlation

ECHO_MS = 62  # from the engine's frame to the microphone's that holds its echo: two frames under way, and the room
COUPLING = 0.25  # -12 dB from receiver to microphone, a handset lying on a table
SILENCE16 = np.zeros(FRAME16, np.int16)


@pytest.fixture
def cleaned() -> Iterator[Stage]:
    with Stage(clean_microphone=True) as stage:
        stage.call.gate(True)
        yield stage


def power(pcm: Pcm) -> float:
    return float(np.mean(pcm.astype(float) ** 2)) + 1e-9


def db(a: Pcm, b: Pcm) -> float:
    return float(10 * np.log10(power(a) / power(b)))


def above(hertz: float, pcm: Pcm) -> Pcm:
    """At 8 kHz, without what is lower: the canceller's filter against hum turns the phase there."""
    spectrum = np.fft.rfft(pcm.astype(float))
    spectrum[: round(len(pcm) * hertz / 8000)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(pcm)), np.int16)


class Room:
    """A microphone that hears the receiver. What was played is played so much later, and never sooner than sent."""

    def __init__(self) -> None:
        self.played = np.zeros(16 * ECHO_MS, np.int16)
        self.heard: list[Pcm] = []

    def microphone(self, mouth: Pcm) -> Pcm:
        echo = self.played[: len(mouth)] * COUPLING
        self.played = self.played[len(mouth) :]
        out = np.clip(mouth + echo, -32768, 32767).astype(np.int16)
        self.heard.append(out)
        return out

    def receiver(self, ear: Pcm) -> None:
        self.played = np.concatenate([self.played, ear])


def in_a_room(stage: Stage, mouth: Pcm, far: Pcm, wide: bool) -> tuple[Pcm, Pcm]:
    """What the microphone heard, and the far end, both at the far end's rate."""
    room, coder, there = Room(), Coder(), []
    codec, size = (Codec.G722, FRAME16) if wide else (Codec.PCMU, FRAME8)
    stage.call.set_far(replace(stage.far.end, codec=codec, payload_type=int(codec)))
    for at in range(len(mouth) // FRAME16):
        payload = coder.encode(codec, far[at * size : (at + 1) * size])
        stage.far.send(stage.far.packet(payload, int(codec)))
        stage.far.advance()
        _ = stage.engine.counters
        room.receiver(stage.handset.exchange(room.microphone(mouth[at * FRAME16 : (at + 1) * FRAME16])))
        there.append(coder.decode(codec, stage.far.receive()[12:]))
    heard = np.concatenate(room.heard)
    return heard if wide else heard[::2], np.concatenate(there)


@pytest.mark.parametrize("wide", [False, True], ids=["G.711", "G.722"])
def test_the_receivers_echo_is_cancelled(cleaned: Stage, wide: bool) -> None:
    far = wide_speech(8, 3) if wide else recorded(8, 3)
    microphone, there = in_a_room(cleaned, np.zeros(8 * 16000, np.int16), far, wide)
    rate = 16000 if wide else 8000
    assert db(microphone[3 * rate :], there[3 * rate :]) > 20  # ERLE, the rest of the echo lowered too; measured 22 and 27


@pytest.mark.parametrize("wide", [False, True], ids=["G.711", "G.722"])
def test_what_was_learnt_of_the_echo_outlasts_a_silence(cleaned: Stage, wide: bool) -> None:
    """While the far end says nothing the canceller rests; with its next word it is as good as it was."""
    rate = 16000 if wide else 8000
    far = wide_speech(9, 3) if wide else recorded(9, 3)
    far[5 * rate : 7 * rate] = 0
    microphone, there = in_a_room(cleaned, np.zeros(9 * 16000, np.int16), far, wide)
    before, after = slice(3 * rate, 5 * rate), slice(7 * rate, 9 * rate)
    assert db(microphone[before], there[before]) > 22 and db(microphone[after], there[after]) > 22


def test_that_the_canceller_rests_is_not_heard(cleaned: Stage) -> None:
    """A low hum, which its filter turns, goes on as a hum when it comes and goes: no click, whose spectrum is wide."""
    t = np.arange(8 * 16000) / 16000
    hum = (2000 * (1 + 0.5 * np.sin(2 * np.pi * 3 * t)) * np.sin(2 * np.pi * 200 * t)).astype(np.int16)
    words = np.where((t[::2] * 1.25).astype(int) % 2, np.sin(2 * np.pi * 400 * t[::2]), 0) * 600
    _, there = in_a_room(cleaned, hum, words.astype(np.int16), wide=False)
    assert np.abs(above(1500, there[8000:])).max() < 100  # 250 if it were switched


def test_speech_comes_through_while_the_echo_is_cancelled(cleaned: Stage) -> None:
    mouth = recorded(8, 4, "caller", 16000)
    mouth[: 4 * 16000] = 0  # the far end speaks alone first
    _, there = in_a_room(cleaned, mouth, recorded(8, 3), wide=False)
    assert correlation(above(700, mouth[5 * 16000 :: 2]), above(700, there[5 * 8000 :])) > 0.8


def test_quiet_and_loud_speakers_are_heard_alike(cleaned: Stage) -> None:
    levels = []
    for gain in (0.25, 1.5):
        mouth = np.clip(recorded(6, 4, "caller", 16000) * gain, -32768, 32767).astype(np.int16)
        _, there = in_a_room(cleaned, mouth, np.zeros(6 * 8000, np.int16), wide=False)
        levels.append(power(there[4 * 8000 :]))
    assert 10 * np.log10(levels[1] / levels[0]) < 10  # of 15.6 dB


def test_steady_noise_is_lowered(cleaned: Stage) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 5 * 16000).astype(np.int16)
    microphone, there = in_a_room(cleaned, noise, np.zeros(5 * 8000, np.int16), wide=False)
    assert db(microphone[3 * 8000 :], there[3 * 8000 :]) > 6


def test_tty_passes_as_it_is(cleaned: Stage) -> None:
    """Baudot's two tones, with the far end's own coming back from the receiver: flat, and untouched."""
    t = np.arange(4 * 16000) / 16000
    tones = (4000 * np.sin(2 * np.pi * np.where((t * 45.45).astype(int) % 2, 1400, 1800) * t)).astype(np.int16)
    cleaned.call.volume(20)
    cleaned.call.tone_safe(True)
    ear, there = cleaned.talk(tones, tones[::2].copy())
    for heard in (ear[8000::2], there[4000:]):
        assert abs(db(heard, tones[8000::2])) < 0.5
    assert correlation(tones[::2], there) > 0.97 and correlation(tones[::2], ear[::2]) > 0.97
    cleaned.call.tone_safe(False)
    _, there = cleaned.talk(tones, np.zeros(len(tones) // 2, np.int16))
    assert db(there[3 * 8000 :], tones[3 * 16000 :: 2]) < -3  # what would have become of it


@pytest.mark.parametrize("gain", [4, 12, 20])
def test_volume_is_so_many_decibels_louder_at_once(stage: Stage, gain: int) -> None:
    stage.call.gate(True)
    far = (recorded(3, 5) * 0.05).astype(np.int16)
    nominal, _ = stage.talk(np.zeros(3 * 16000, np.int16), far)
    stage.call.volume(gain)
    louder, _ = stage.talk(np.zeros(3 * 16000, np.int16), far)
    assert db(louder[1600:], nominal[1600:]) == pytest.approx(gain, abs=1)


def test_the_loudest_is_held_and_not_clipped(stage: Stage) -> None:
    stage.call.gate(True)
    far = (8000 * np.sin(2 * np.pi * 500 * np.arange(2 * 8000) / 8000)).astype(np.int16)
    stage.call.volume(20)
    louder, _ = stage.talk(np.zeros(2 * 16000, np.int16), far)
    steady = louder[16000:].astype(float)
    assert 29_000 < np.abs(steady).max() <= 31_000
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)))) ** 2
    fundamental = spectrum[490:511].sum()
    assert (spectrum[600:].sum()) / fundamental < 1e-3  # 30 dB: the shape is kept


def test_volume_has_its_bounds(stage: Stage) -> None:
    for db in (-1, 25):
        with pytest.raises(EngineError, match="volume"):
            stage.call.volume(db)
