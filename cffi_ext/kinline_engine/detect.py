"""What a line sounds like, off line: the engine's own detectors fed with samples, faster than real time."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Event
from kinline_engine.errors import check

RATE = 8000
FRAME = 160
_MOST = 64


class Phase(IntEnum):
    """What is listened for."""

    NOTHING = lib.KL_DETECT_NOTHING
    ANSWER = lib.KL_DETECT_ANSWER  # between answer and acceptance: tones, machines, fax
    TALK = lib.KL_DETECT_TALK  # signs of a third party
    TTY = lib.KL_DETECT_TTY  # in a private talk: text telephones, and nothing is read


class Sign(IntEnum):
    """What was heard; kinline_detect.h says of each what it means."""

    RINGBACK = lib.KL_SIGN_RINGBACK
    BUSY = lib.KL_SIGN_BUSY
    REORDER = lib.KL_SIGN_REORDER
    DIAL_TONE = lib.KL_SIGN_DIAL_TONE
    SIT = lib.KL_SIGN_SIT
    BEEP = lib.KL_SIGN_BEEP
    FAX = lib.KL_SIGN_FAX
    GREETING = lib.KL_SIGN_GREETING
    TTY = lib.KL_SIGN_TTY
    FLASH = lib.KL_SIGN_FLASH
    HOLD = lib.KL_SIGN_HOLD
    BASELINE = lib.KL_SIGN_BASELINE
    ECHO = lib.KL_SIGN_ECHO
    DIALLING = lib.KL_SIGN_DIALLING
    THREE_WAY = lib.KL_SIGN_THREE_WAY
    FORWARDED = lib.KL_SIGN_FORWARDED


@dataclass(frozen=True, slots=True)
class Heard:
    """A sign with its confidence (0 to 100), when it was told (samples since the phase began), and its detail."""

    sign: Sign
    confidence: int
    at: int
    detail: int

    @property
    def seconds(self) -> float:
        return self.at / RATE


def _heard(raw: Any) -> Heard:
    return Heard(Sign(raw.kind), raw.confidence, raw.at, raw.detail)


def heard(event: Event) -> Heard:
    """Of a `CallEvent.SIGN`."""
    return _heard(ffi.from_buffer("kl_sign *", event.data)[0])


class Detector:
    """One line's detectors. MemoryError when they cannot be made."""

    def __init__(self, phase: Phase = Phase.NOTHING) -> None:
        raw = lib.kl_detect_create()
        if raw == ffi.NULL:
            raise MemoryError("no memory for a line's detectors")
        self._raw = ffi.gc(raw, lib.kl_detect_destroy)
        self.phase(phase)

    def phase(self, phase: Phase) -> None:
        """Listen for another thing from now on, from nothing."""
        check(lib.kl_detect_phase(self._raw, phase), f"detection phase {phase}")

    def hear(self, far: bytes, near: bytes | None = None) -> list[Heard]:
        """Whole frames of 160 samples of 16 bits from the far end, and as many that were sent to it.

        EngineError (EINVAL) for a part of a frame; ValueError when the two differ in length."""
        if near is not None and len(near) != len(far):
            raise ValueError(f"{len(far)} bytes from the far end, but {len(near)} sent to it")
        return list(self._run(far, near))

    def _run(self, far: bytes, near: bytes | None) -> Iterator[Heard]:
        signs = ffi.new("kl_sign[]", _MOST)
        ours = ffi.from_buffer("int16_t[]", far)
        theirs = ffi.NULL if near is None else ffi.from_buffer("int16_t[]", near)
        count = check(
            lib.kl_detect_run(self._raw, ours, theirs, len(ours), signs, _MOST),
            f"detection over {len(ours)} samples (a frame has {FRAME})",
        )
        for i in range(count):
            yield _heard(signs[i])

    def digit(self, digit: str) -> list[Heard]:
        """The far end pressed a key ('!' is a hook flash, as RFC 4733 event 16 reports it)."""
        lib.kl_detect_digit(self._raw, digit.encode())
        return self.hear(b"")

    def other_stream(self) -> list[Heard]:
        """The far end's RTP comes from another source than before."""
        lib.kl_detect_other_stream(self._raw)
        return self.hear(b"")

    def close(self) -> None:
        ffi.release(self._raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
