"""How much of what one side spoke the other side heard: aligned correlation, window by window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.floating] | NDArray[np.int16]

WINDOW_S = 1.0
SLACK_S = 0.6  # the delay within a call moves with the jitter buffer, and by the gaps of a busy machine
QUIET = 0.05  # windows under this share of the loudest one's level hold pauses, not speech


@dataclass(frozen=True, slots=True)
class Heard:
    """correlation: level-weighted mean of the windows' peaks, 0 to 1; delay_s: where the first window was found."""

    correlation: float
    delay_s: float
    windows: int


def correlate(spoken: Samples, heard: Samples, rate: int) -> Heard:
    """Find each second of speech near where the whole was found; both sides at the same rate, one channel."""
    source, target = _centred(spoken), _centred(heard)
    if not len(source) or not len(target) or not source.any() or not target.any():
        return Heard(0.0, 0.0, 0)
    lag = _best_lag(source, target)
    size, slack = int(WINDOW_S * rate), int(SLACK_S * rate)
    windows = [source[at : at + size] for at in range(0, max(1, len(source) - size + 1), size)]
    loudest = max(float(np.sqrt(np.mean(w**2))) for w in windows)
    peaks: list[tuple[float, float]] = []
    for index, window in enumerate(windows):
        level = float(np.sqrt(np.mean(window**2)))
        if level < QUIET * loudest:
            continue
        start = index * size + lag - slack
        stretch = target[max(0, start) : max(0, start + len(window) + 2 * slack)]
        peaks.append((level, _peak(window, stretch)))
    total = sum(level for level, _ in peaks)
    mean = sum(level * peak for level, peak in peaks) / total if total else 0.0
    return Heard(mean, lag / rate, len(peaks))


def _centred(samples: Samples) -> NDArray[np.float64]:
    wide = np.asarray(samples, dtype=np.float64)
    return wide - wide.mean() if len(wide) else wide


def _cross(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dot products of source with target at every lag from 1 - len(source) to len(target) - 1."""
    size = 1 << (len(source) + len(target) - 1).bit_length()
    product = np.fft.rfft(target, size) * np.conj(np.fft.rfft(source, size))
    folded = np.fft.irfft(product, size)
    return np.concatenate((folded[size - len(source) + 1 :], folded[: len(target)]))


def _best_lag(source: NDArray[np.float64], target: NDArray[np.float64]) -> int:
    return int(np.argmax(np.abs(_cross(source, target)))) - len(source) + 1


def _peak(window: NDArray[np.float64], stretch: NDArray[np.float64]) -> float:
    """Greatest normalised correlation of the window with any equally long piece of the stretch."""
    if len(stretch) < len(window):
        return 0.0
    dots = _cross(window, stretch)[len(window) - 1 : len(stretch)]
    energy = np.cumsum(np.concatenate(([0.0], stretch**2)))
    pieces = energy[len(window) :] - energy[: len(stretch) - len(window) + 1]
    norms = np.sqrt(np.maximum(pieces, 1e-9) * np.sum(window**2))
    return float(np.max(np.abs(dots[: len(pieces)]) / norms))


def above_4_khz(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """What 16 kHz samples have beyond a telephone band; brick-wall."""
    spectrum = np.fft.rfft(np.asarray(samples, dtype=np.float64))
    spectrum[: len(spectrum) // 2 + 1] = 0
    return np.fft.irfft(spectrum, len(samples))


def to_8k(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """16 kHz down to 8 kHz through a brick-wall low pass, for comparing with a telephone band."""
    spectrum = np.fft.rfft(np.asarray(samples, dtype=np.float64))
    keep = len(spectrum) // 2
    spectrum[keep:] = 0
    return np.fft.irfft(spectrum, len(samples))[::2]
