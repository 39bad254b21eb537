"""G.711 as table look-ups: companded bytes to 16-bit linear samples and back."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Law = Literal["ulaw", "alaw"]

# The decision values of ITU-T G.711 follow from these closed forms (as in its reference code, G.191).
MU_BIAS = 0x84
MU_CLIP = 32635


def _ulaw_values() -> Pcm:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4) & 7
    magnitude = (((code & 15).astype(np.int32) << 3) + MU_BIAS << exponent) - MU_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_values() -> Pcm:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = ((code & 15).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, (mantissa + 0x100) << np.maximum(exponent - 1, 0), mantissa)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _nearest_codes(values: Pcm) -> NDArray[np.uint8]:
    """For each 16-bit sample, indexed as uint16, the code whose value is nearest."""
    order = np.argsort(values, kind="stable")
    ordered = values[order].astype(np.int32)
    edges = (ordered[1:] + ordered[:-1]) / 2
    samples = np.arange(65536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(edges, samples, side="right")].astype(np.uint8)


DECODE: dict[Law, Pcm] = {"ulaw": _ulaw_values(), "alaw": _alaw_values()}
ENCODE: dict[Law, NDArray[np.uint8]] = {law: _nearest_codes(values) for law, values in DECODE.items()}
# Mu-law has two zeros; senders use the positive one, 0xff.
ENCODE["ulaw"][ENCODE["ulaw"] == 0x7F] = 0xFF


def decode(payload: bytes, law: Law) -> Pcm:
    """Companded bytes to samples, one each."""
    return DECODE[law][np.frombuffer(payload, np.uint8)]


def encode(pcm: Pcm, law: Law) -> bytes:
    """Samples to companded bytes, one each."""
    return ENCODE[law][pcm.view(np.uint16)].tobytes()
