"""speexdsp compiled for vectors does what Debian's does: the same microphone through both, sample by sample."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.audio import Pcm
from kinline_sim.speech import speech

ROOT = Path(__file__).parents[2]
OURS = ROOT / "build" / "speexdsp" / "libspeexdsp.so.1"
WIDER = OURS.parent / "glibc-hwcaps" / "x86-64-v3" / OURS.name
TAIL_MS = 128
ECHO_AFTER = 200  # samples
SET_SAMPLING_RATE, SET_ECHO_STATE, SET_DENOISE, SET_AGC = 24, 24, 0, 2  # speex_echo.h, speex_preprocess.h


def debians() -> Path:
    libdir = subprocess.run(["pkg-config", "--variable=libdir", "speexdsp"], capture_output=True, text=True, check=True).stdout
    return Path(libdir.strip()) / OURS.name


def cleaned(library: Path, mouth: Pcm, ear: Pcm, rate: int) -> Pcm:
    """Through canceller, noise filter and gain, in blocks of 20 ms."""
    speex = ctypes.CDLL(str(library))
    for name in ("speex_echo_state_init", "speex_preprocess_state_init"):
        getattr(speex, name).restype = ctypes.c_void_p
    n = rate // 50
    echo = ctypes.c_void_p(speex.speex_echo_state_init(n, rate * TAIL_MS // 1000))
    noise = ctypes.c_void_p(speex.speex_preprocess_state_init(n, rate))
    on = ctypes.c_int(1)
    speex.speex_echo_ctl(echo, SET_SAMPLING_RATE, ctypes.byref(ctypes.c_int(rate)))
    speex.speex_preprocess_ctl(noise, SET_ECHO_STATE, echo)
    for request in (SET_DENOISE, SET_AGC):
        speex.speex_preprocess_ctl(noise, request, ctypes.byref(on))
    out = np.zeros_like(mouth)
    for at in range(0, len(mouth) - n + 1, n):
        block = (ctypes.c_int16 * n)()
        here = slice(at, at + n)
        speex.speex_echo_cancellation(
            echo, mouth[here].ctypes.data_as(ctypes.c_void_p), ear[here].ctypes.data_as(ctypes.c_void_p), block
        )
        speex.speex_preprocess_run(noise, block)
        out[here] = np.ctypeslib.as_array(block)
    speex.speex_echo_state_destroy(echo)
    speex.speex_preprocess_state_destroy(noise)
    return out


def a_talk(rate: int) -> tuple[Pcm, Pcm]:
    """8 s of a mouth beside a receiver's echo, and what the receiver played."""
    seconds = 8
    far, near = speech(seconds, seed=1, rate=rate), speech(seconds, seed=2, speaker="caller", rate=rate)
    noise = np.random.default_rng(1).normal(0, 20, len(far))
    mouth = near // 2 + 0.25 * np.roll(far, ECHO_AFTER) + noise
    return np.clip(mouth, -32768, 32767).astype(np.int16), far


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("library", [OURS, WIDER], ids=["any processor", "wider vectors"])
def test_it_cleans_as_debians_does(library: Path, rate: int) -> None:
    if not library.exists():
        pytest.skip("speexdsp could not be compiled for vectors here: see what make setup says")
    if library == WIDER and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no vectors of 256 bits")
    mouth, ear = a_talk(rate)
    expected, seen = (cleaned(path, mouth, ear, rate).astype(float) for path in (debians(), library))
    assert np.mean(expected**2) > 100**2
    assert np.mean((seen - expected) ** 2) < np.mean(expected**2) / 10**6, "more than 60 dB below"
