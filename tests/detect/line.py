"""What a telephone line does to sound: levels, noise, the far end's echo, G.711, lost packets. 8 kHz, float until the codec."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kinline_sim.g711 import Pcm
from kinline_sim.speech import NOT_SPEECH, read_wav

RATE = 8000
PACKET = 160
Sound = NDArray[np.float64]
Codec = Literal["pcmu", "pcma"]

SPEECH = Path(__file__).resolve().parents[2] / "build/speech"
LANGUAGES = ("en", "es", "fr", "it", "ru")
# A sine of full scale is +3.14 dBm0 in G.711.
_FULL_SCALE_DBM0 = 3.14


def rms(dbm0: float) -> float:
    """The root mean square, of 16-bit samples, of a signal at this level."""
    return float(32768 / np.sqrt(2) * 10 ** ((dbm0 - _FULL_SCALE_DBM0) / 20))


def at_level(sound: Sound, dbm0: float) -> Sound:
    """Bring the loud parts of speech or music to a level."""
    loud = sound[np.abs(sound) > 200]
    return sound * (rms(dbm0) / np.sqrt(np.mean(loud**2))) if len(loud) else sound


@lru_cache
def clips(language: str) -> tuple[Sound, ...]:
    """The recorded sentences of one speaker, 0.5 to 12 s each."""
    found = []
    folder = SPEECH / language
    for path in sorted(folder.rglob("*.wav")):
        if path.is_symlink() or any(word in str(path.relative_to(folder)) for word in NOT_SPEECH):
            continue
        pcm, rate = read_wav(path)
        if rate == RATE and 0.5 * RATE <= len(pcm) <= 12 * RATE:
            found.append(pcm.astype(np.float64))
    return tuple(found)


@lru_cache
def music() -> tuple[Sound, ...]:
    """What callers on hold hear; two minutes of each piece."""
    return tuple(read_wav(path)[0][: 120 * RATE].astype(np.float64) for path in sorted((SPEECH / "music").glob("*.wav")))


@lru_cache
def _noise_table() -> tuple[Sound, Sound]:
    """A minute each of white noise and of noise that falls by 3 dB an octave, as rooms have it; root mean square 1."""
    white = np.random.default_rng(1).standard_normal(60 * RATE)
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[: 60 * 100] = 0  # a telephone passes nothing below 100 Hz
    pink = np.fft.irfft(spectrum, len(white))
    return white, np.asarray(pink / np.std(pink))


def noise(rng: np.random.Generator, count: int, dbm0: float, pink: bool = True) -> Sound:
    table = _noise_table()[pink]
    start = int(rng.integers(len(table)))
    return np.asarray(np.resize(np.roll(table, -start)[: min(count, len(table))], count) * rms(dbm0))


def tone(hz: tuple[float, ...], seconds: float, dbm0: float) -> Sound:
    """Sines together, each at this level."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz) * rms(dbm0) * np.sqrt(2))


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


@dataclass(frozen=True, slots=True)
class Hybrid:
    """The far end's echo: reflections by delay and gain."""

    reflections: tuple[tuple[float, float], ...]

    def of(self, near: Sound) -> Sound:
        out = np.zeros_like(near)
        for delay_ms, gain_db in self.reflections:
            shift = round(delay_ms * RATE / 1000)
            if shift < len(near):
                out[shift:] += near[: len(near) - shift] * 10 ** (gain_db / 20)
        return out


def hybrid(rng: np.random.Generator, least_db: float = -40, most_db: float = -14) -> Hybrid:
    """A reflection 50 to 300 ms away with its ringing; none in one call of three, as behind an echo canceller."""
    if rng.random() < 1 / 3:
        return Hybrid(())
    delay, gain = rng.uniform(50, 300), rng.uniform(least_db, most_db)
    return Hybrid(((delay, gain), (delay + 1.0, gain - 4), (delay + 2.5, gain - 9)))


def _ulaw_levels() -> NDArray[np.int32]:
    codes = np.arange(256)
    inverted = ~codes & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + 0x84 << ((inverted & 0x70) >> 4)) - 0x84
    return np.asarray(np.where(inverted & 0x80, -magnitude, magnitude), np.int32)


def _alaw_levels() -> NDArray[np.int32]:
    codes = np.arange(256) ^ 0x55
    exponent, mantissa = (codes & 0x70) >> 4, (codes & 0x0F) << 4
    magnitude = np.where(exponent, (mantissa + 0x108) << np.maximum(exponent - 1, 0), mantissa + 8)
    return np.asarray(np.where(codes & 0x80, magnitude, -magnitude), np.int32)


@lru_cache
def _nearest(codec: Codec) -> NDArray[np.int16]:
    """For each sample, offset by 32768, what is left of it after the codec."""
    levels = np.unique(_ulaw_levels() if codec == "pcmu" else _alaw_levels())
    samples = np.arange(-32768, 32768)
    right = np.clip(np.searchsorted(levels, samples), 1, len(levels) - 1)
    lower, upper = levels[right - 1], levels[right]
    return np.where(samples - lower < upper - samples, lower, upper).astype(np.int16)


def coded(sound: Sound, codec: Codec) -> Pcm:
    samples = np.clip(np.round(sound), -32768, 32767).astype(np.int32)
    return np.asarray(_nearest(codec)[samples + 32768])


def lossy(pcm: Pcm, rng: np.random.Generator, share: float) -> Pcm:
    """Lose packets of 20 ms; each is stood for by the one before it at half the level, as concealment does at its simplest."""
    if not share:
        return pcm
    out = pcm.copy().reshape(-1, PACKET)
    for at in np.flatnonzero(rng.random(len(out)) < share):
        out[at] = out[at - 1] // 2 if at else 0
    return out.reshape(-1)


def whole_packets(sound: Sound) -> Sound:
    return np.concatenate((sound, np.zeros(-len(sound) % PACKET)))
