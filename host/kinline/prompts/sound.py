"""Sound for prompts: 16-bit mono at 16 kHz, as numpy arrays of int16."""

import os
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinline.failure import Failure

Samples = NDArray[np.int16]
Gain = Callable[[NDArray[np.float64]], NDArray[np.float64]]

RATE = 16_000
MOST_SECONDS = 120  # the longest menu with all its values takes 30

# A name as a person says it: what is longer is a message to the called party, and not theirs to hear before they accept.
MOST_NAME_SECONDS = 2.0
_LEAST_NAME_SECONDS = 0.2  # shorter is a cough or the cradle
_FRAME = RATE // 50
_QUIET = 10 ** (-45 / 20) * 32768  # below any talker at the handset, above its microphone's own noise
_BELOW_LOUDEST = 10 ** (-26 / 20)
_LEAD_FRAMES, _TAIL_FRAMES = 3, 6  # soft beginnings and ends of words

# A telephone carries 300 to 3400 Hz. Peaks at -6 dBFS put speech near -18 dBm0, as loud as a talker.
_LOW_HZ, _HIGH_HZ, _EDGE_HZ = 200.0, 3500.0, 100.0
_PEAK = 10 ** (-6 / 20)


class SoundError(Failure, ValueError):
    """A file that is not usable sound; the text says why."""


def read_wav(file: Path) -> Samples:
    """A WAV file at our rate. SoundError unless 16-bit PCM, mono, 8 to 48 kHz, not empty, of two minutes at most."""
    try:
        with wave.open(str(file), "rb") as source:
            shape = (source.getnchannels(), source.getsampwidth(), source.getframerate())
            seconds = source.getnframes() / max(source.getframerate(), 1)
            if seconds > MOST_SECONDS:  # before any of it takes memory
                raise SoundError(f"{file}: is {seconds:.0f} s long; a prompt has {MOST_SECONDS} s at most")
            data = source.readframes(source.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise SoundError(f"{file}: not a readable WAV file: {error}") from error
    channels, width, rate = shape
    if channels != 1 or width != 2 or not 8000 <= rate <= 48_000:
        raise SoundError(f"{file}: save it as 16-bit mono PCM at 8 to 48 kHz")
    samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)
    if not len(samples):
        raise SoundError(f"{file}: has no sound in it")
    return samples if rate == RATE else to_rate(samples, rate)


def write_wav(file: Path, samples: Samples) -> None:
    """Write whole or not at all: a reader never meets half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out, wave.open(out, "wb") as target:
            target.setnchannels(1)
            target.setsampwidth(2)
            target.setframerate(RATE)
            target.writeframes(samples.astype("<i2").tobytes())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def to_rate(samples: Samples, rate: int) -> Samples:
    """Resample to our rate through the spectrum."""
    return _clipped(_spectrally(samples, rate, lambda hz: np.ones_like(hz)))


def for_telephone(samples: Samples, rate: int) -> Samples:
    """Resample to our rate, keep the telephone band, and bring the peak to -6 dBFS."""
    shaped = _spectrally(samples, rate, _telephone_band)
    peak = float(np.max(np.abs(shaped), initial=0.0))
    return _clipped(shaped * (_PEAK * 32767 / peak) if peak > 0 else shaped)


def name_in(said: Samples) -> Samples | None:
    """The name in what was said, without the silence around it and as loud as a prompt; None if nobody spoke."""
    frames = said[: len(said) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    level = np.sqrt(np.mean(frames**2, axis=1)) if len(frames) else np.zeros(0)
    spoken = np.flatnonzero(level > max(_QUIET, _BELOW_LOUDEST * float(level.max(initial=0.0))))
    if len(spoken) * _FRAME < _LEAST_NAME_SECONDS * RATE:
        return None
    first, last = max(0, int(spoken[0]) - _LEAD_FRAMES), int(spoken[-1]) + 1 + _TAIL_FRAMES
    return for_telephone(said[first * _FRAME : last * _FRAME][: int(MOST_NAME_SECONDS * RATE)], RATE)


def silence(seconds: float) -> Samples:
    return np.zeros(int(RATE * seconds), dtype=np.int16)


def tone() -> Samples:
    """Three short beeps: what is heard when not even synthesis works."""
    time = np.arange(int(RATE * 0.15)) / RATE
    beep = (np.sin(2 * np.pi * 440 * time) * np.hanning(len(time)) * 0.25 * 32767).astype(np.int16)
    return np.concatenate([beep, silence(0.1)] * 3)


def _telephone_band(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    rise = np.clip((hz - (_LOW_HZ - _EDGE_HZ)) / _EDGE_HZ, 0, 1)
    fall = np.clip(((_HIGH_HZ + _EDGE_HZ) - hz) / _EDGE_HZ, 0, 1)
    return np.asarray(rise * fall, dtype=np.float64)


def _spectrally(samples: Samples, rate: int, gain: Gain) -> NDArray[np.float64]:
    # Padded to whole seconds: the length then divides evenly at both rates and the transform is fast.
    seconds = -(-len(samples) // rate) + 1
    spectrum = np.fft.rfft(samples.astype(np.float64), seconds * rate)
    bins = seconds * RATE // 2 + 1
    kept = np.zeros(bins, dtype=np.complex128)
    shared = min(bins, len(spectrum))
    hz = np.arange(shared) / seconds
    kept[:shared] = spectrum[:shared] * gain(hz)
    out = np.fft.irfft(kept, seconds * RATE) * (RATE / rate)
    return np.asarray(out[: len(samples) * RATE // rate], dtype=np.float64)


def _clipped(samples: NDArray[np.float64]) -> Samples:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
