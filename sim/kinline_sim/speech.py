"""Speech for simulated people: recorded human voice where Debian's prompts are installed, else espeak-ng.

asterisk-core-sounds-en-wav (CC-BY-SA-3.0) is only read at run time; nothing of it is part of this repository.
"""

from __future__ import annotations

import io
import random
import subprocess
import wave
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from kinline_sim.g711 import Pcm

Speaker = Literal["caller", "called"]

# Unpacked by the project's set-up, or installed by apt; the first that is there serves.
SOUNDS = (Path(__file__).resolve().parents[2] / "build/speech/en", Path("/usr/share/asterisk/sounds/en_US_f_Allison"))
RATE = 8000
LEVEL_RMS = 2600.0  # about -18 dBm0, an ordinary speech level
PAUSE_S = 0.25
MIN_CLIP_S = 0.8
MAX_CLIP_S = 12.0
# Files that are tones or noise rather than speech.
NOT_SPEECH = (
    "beep",
    "tone",
    "silence",
    "ring",
    "dialog-being",
    "spy-",
    "tt-monkeys",
    "confbridge-join",
    "confbridge-leave",
)
# Without recordings: one synthetic voice and text a speaker, so that the two never say the same.
ESPEAK_VOICES: dict[Speaker, str] = {"caller": "en-us+m3", "called": "en-us+f2"}
ESPEAK_TEXT: dict[Speaker, str] = {
    "caller": "Hello, it is me. How is everyone at home? I wanted to hear how the week went. The food is fine, "
    "and I have been reading a lot. Tell the children that I think of them every day. Did the letter arrive?",
    "called": "It is good to hear you. We are all well here. Grandmother asked about you on Sunday, and the garden "
    "is full of tomatoes. The car is repaired at last. School starts again on Monday, can you believe it?",
}


class SpeechError(RuntimeError):
    """There is neither recorded nor synthetic speech on this machine."""


def resample(pcm: Pcm, rate: int, target: int) -> Pcm:
    """Band-limited change of sampling rate of a whole clip."""
    if rate == target or not len(pcm):
        return pcm
    count = round(len(pcm) * target / rate)
    spectrum = np.fft.rfft(pcm.astype(np.float64))
    wanted = np.zeros(count // 2 + 1, np.complex128)
    shared = min(len(spectrum), len(wanted))
    wanted[:shared] = spectrum[:shared]
    wave_form = np.fft.irfft(wanted, count) * (count / len(pcm))
    return np.asarray(np.clip(np.round(wave_form), -32768, 32767), np.int16)


def read_wav(source: Path | io.BytesIO) -> tuple[Pcm, int]:
    """Samples of the first channel and the rate. ValueError for other than 16-bit PCM."""
    with wave.open(str(source) if isinstance(source, Path) else source, "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{source}: {8 * file.getsampwidth()}-bit WAV, need 16-bit")
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return raw[:: file.getnchannels()].astype(np.int16), file.getframerate()


def write_wav(path: Path, pcm: Pcm, rate: int = RATE) -> None:
    """Write mono 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())


def level(pcm: Pcm) -> Pcm:
    """Bring the loud parts to an ordinary speech level."""
    loud = pcm[np.abs(pcm.astype(np.int32)) > 200].astype(np.float64)
    if not len(loud):
        return pcm
    scaled = pcm * (LEVEL_RMS / np.sqrt(np.mean(loud**2)))
    return np.asarray(np.clip(np.round(scaled), -32768, 32767), np.int16)


@lru_cache
def clips(speaker: Speaker) -> tuple[Path, ...]:
    """The recorded clips of one speaker: every second one of the sorted list, so that two speakers share none."""
    folder = next((folder for folder in SOUNDS if folder.is_dir()), None)
    if folder is None:
        return ()
    found = sorted(
        path
        for path in folder.rglob("*.wav")
        if not path.is_symlink() and not any(word in str(path.relative_to(folder)) for word in NOT_SPEECH)
    )
    return tuple(found[0 if speaker == "caller" else 1 :: 2])


def _recorded(speaker: Speaker, rng: random.Random, count: int) -> Pcm:
    pause = np.zeros(round(PAUSE_S * RATE), np.int16)
    parts: list[Pcm] = []
    have = 0
    while have < count:
        order = list(clips(speaker))
        rng.shuffle(order)
        for path in order:
            pcm, rate = read_wav(path)
            pcm = resample(pcm, rate, RATE)
            if not MIN_CLIP_S * RATE <= len(pcm) <= MAX_CLIP_S * RATE:
                continue
            parts += [level(pcm), pause]
            have += len(pcm) + len(pause)
            if have >= count:
                break
        if not have:
            raise SpeechError(f"{clips(speaker)[0].parent} holds no clip of {MIN_CLIP_S} to {MAX_CLIP_S} s")
    return np.concatenate(parts)[:count]


def say(text: str, voice: str = "en-us", rate: int = RATE) -> Pcm:
    """Any text by espeak-ng. SpeechError names the package when it is missing."""
    try:
        run = subprocess.run(
            ["espeak-ng", "-v", voice, "-s", "140", "--stdout", text],
            capture_output=True,
            check=True,
            timeout=60,
        )
    except FileNotFoundError:
        raise SpeechError("no speech: apt-get install asterisk-core-sounds-en-wav, or espeak-ng") from None
    pcm, original = read_wav(io.BytesIO(run.stdout))
    return level(resample(pcm, original, rate))


def wide_speech(seconds: float, seed: int = 0, speaker: Speaker = "called", rate: int = 16_000) -> Pcm:
    """Synthetic speech with what there is above 4 kHz, which the recordings lack; the same for the same seed and speaker."""
    count = round(seconds * rate)
    once = say(ESPEAK_TEXT[speaker], ESPEAK_VOICES[speaker], rate)
    return np.roll(np.resize(once, count), random.Random(f"{speaker}/{seed}").randrange(max(count, 1)))


def speech(seconds: float, seed: int = 0, speaker: Speaker = "called", rate: int = RATE) -> Pcm:
    """That much speech: always the same for the same seed, speaker and installed sounds."""
    count = round(seconds * RATE)
    rng = random.Random(f"{speaker}/{seed}")
    if clips(speaker):
        pcm = _recorded(speaker, rng, count)
    else:
        once = say(ESPEAK_TEXT[speaker], ESPEAK_VOICES[speaker])
        pcm = np.roll(np.resize(once, count), rng.randrange(max(count, 1)))
    return resample(pcm, RATE, rate)
