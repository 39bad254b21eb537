"""Codec and jitter buffer by themselves, for far ends in simulation and for measurements."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.errors import check

Pcm = NDArray[np.int16]


def codec_rate(codec: int) -> int:
    """Samples a second of a codec (`Codec`). EngineError for one that is not spoken."""
    return check(lib.kl_codec_rate(codec), f"codec {codec}")


class Coder:
    """Encodes and decodes one stream each way; G.722 remembers what came before."""

    def __init__(self) -> None:
        self._coder = ffi.gc(lib.kl_coder_create(), lib.kl_coder_destroy)
        if self._coder == ffi.NULL:
            raise MemoryError("codec")

    def encode(self, codec: int, pcm: Pcm) -> bytes:
        """Samples at the codec's rate, in pairs for G.722, to a payload."""
        out = bytearray(len(pcm))
        samples = ffi.from_buffer("int16_t[]", np.ascontiguousarray(pcm, np.int16))
        n = lib.kl_coder_encode(self._coder, codec, samples, len(pcm), ffi.from_buffer("uint8_t[]", out))
        return bytes(out[: check(n, f"{len(pcm)} samples as codec {codec}")])

    def decode(self, codec: int, payload: bytes) -> Pcm:
        """A payload to samples at the codec's rate."""
        out = np.empty(2 * len(payload), np.int16)
        n = lib.kl_coder_decode(self._coder, codec, payload, len(payload), ffi.from_buffer("int16_t[]", out))
        return out[: check(n, f"payload of codec {codec}")]


@dataclass(frozen=True, slots=True)
class JitterCounters:
    """Since creation; delay_ms is smoothed."""

    late: int
    concealed_samples: int
    shortened: int
    lengthened: int
    skipped_ms: int
    delay_ms: int


class JitterBuffer:
    """The engine's own, on whatever clock the caller has: times are nanoseconds, rate is samples a second out."""

    def __init__(self, least_ms: int = 20, most_ms: int = 120, rate: int = 8000) -> None:
        self._jitter = ffi.gc(lib.kl_jitter_create(least_ms, most_ms, rate), lib.kl_jitter_destroy)
        if self._jitter == ffi.NULL:
            raise ValueError(f"no jitter buffer of {least_ms} to {most_ms} ms at {rate} Hz: 0 to 400 ms, 8000 or 16000 Hz")

    def put(self, codec: int, timestamp: int, arrival_ns: int, payload: bytes) -> None:
        """A payload that came, not twice. EngineError for an unknown codec, or not 1 to 960 bytes."""
        result = lib.kl_jitter_put(self._jitter, codec, timestamp & 0xFFFFFFFF, arrival_ns, payload, len(payload))
        check(result, f"payload of {len(payload)} bytes of codec {codec}")

    def put_quiet(self, timestamp: int, payload: bytes) -> None:
        """Comfort noise from a timestamp on (RFC 3389)."""
        check(lib.kl_jitter_put_quiet(self._jitter, timestamp & 0xFFFFFFFF, payload, len(payload)), "comfort noise")

    def get(self, now_ns: int, n: int) -> tuple[Pcm, bool]:
        """The next n samples, an even number up to 20 ms, and whether any of it came from the far end."""
        out = np.empty(n, np.int16)
        real = check(lib.kl_jitter_get(self._jitter, now_ns, ffi.from_buffer("int16_t[]", out), n), f"{n} samples at once")
        return out, bool(real)

    @property
    def counters(self) -> JitterCounters:
        """How it has fared."""
        raw = ffi.new("kl_jitter_counters *")
        lib.kl_jitter_get_counters(self._jitter, raw)
        return JitterCounters(**{name: int(getattr(raw, name)) for name in JitterCounters.__dataclass_fields__})
