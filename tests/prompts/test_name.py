"""What a caller says when asked for the name: the name is kept, silence and speeches are not."""

import numpy as np
import pytest

from kinline.prompts.sound import MOST_NAME_SECONDS, RATE, Samples, name_in
from kinline_sim import speech


def said(seconds: float, gain: float = 0.3) -> Samples:
    """A voice from here on, at the level of a talker."""
    return (speech.resample(speech.speech(seconds, 3), 8000, RATE).astype(np.float64) * gain).astype(np.int16)


def silence(seconds: float) -> Samples:
    """A microphone's own noise."""
    return np.random.default_rng(1).normal(0, 20, int(seconds * RATE)).astype(np.int16)


@pytest.mark.parametrize("gain", [0.1, 0.3, 1.0])
def test_a_name_is_cut_out_of_the_silence(gain: float) -> None:
    name = name_in(np.concatenate([silence(0.8), said(1.0, gain), silence(1.4)]))
    assert name is not None and 0.3 < len(name) / RATE < 1.3
    assert 15_000 < np.max(np.abs(name)) < 18_000


def test_a_speech_is_cut_short() -> None:
    name = name_in(said(6.0))
    assert name is not None and len(name) / RATE == MOST_NAME_SECONDS


@pytest.mark.parametrize(
    "heard", [silence(3.0), silence(0.0), np.zeros(100, np.int16), np.concatenate([silence(1), said(0.1), silence(1)])]
)
def test_nobody_spoke(heard: Samples) -> None:
    assert name_in(heard) is None
