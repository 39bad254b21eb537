"""How late one side heard what the other said, by cross-correlation, stretch by stretch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16] | NDArray[np.float64]

WINDOW_S = 0.5
HOP_S = 0.25
LATEST_S = 0.8  # nothing is looked for later than this
_QUIET = 0.2  # windows under this share of the loudest one's level are pauses
_CERTAIN = 0.7  # of normalised correlation; what is below was concealed or cut


def windows(spoken: Samples, heard: Samples, rate: int, start: int) -> Iterator[tuple[int, int]]:
    """Sample numbers (spoken, heard) of the starts of stretches that were found again with certainty.

    start is the sample number of heard at which the first spoken sample would stand without any delay.
    """
    source, target = np.asarray(spoken, np.float64), np.asarray(heard, np.float64)
    size, hop, latest = int(WINDOW_S * rate), int(HOP_S * rate), int(LATEST_S * rate)
    places = range(0, len(source) - size + 1, hop)
    loudest = max((_norm(source[at : at + size]) for at in places), default=0.0)
    for at in places:
        piece, first = source[at : at + size], max(0, start + at)
        stretch = target[first : first + size + latest]
        if _norm(piece) <= _QUIET * loudest or len(stretch) < size:
            continue
        energy = np.concatenate(([0.0], np.cumsum(stretch**2)))
        likeness = _correlated(piece, stretch) / (np.sqrt(np.maximum(energy[size:] - energy[:-size], 1.0)) * _norm(piece))
        found = int(np.argmax(likeness))
        if likeness[found] >= _CERTAIN:
            yield at, first + found


def _norm(samples: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.sum(samples**2)))


def _correlated(piece: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dot products of the piece with every stretch of the target of its own length."""
    size = 1 << (len(piece) + len(target)).bit_length()
    product = np.fft.irfft(np.fft.rfft(target, size) * np.conj(np.fft.rfft(piece, size)), size)
    return np.asarray(product[: len(target) - len(piece) + 1])
