"""Text telephones: 45.45 Baud Baudot, as codes and as audio (8 kHz, 16-bit samples)."""

from dataclasses import dataclass

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.errors import check

RATE = 8000
BLOCK = 80
LETTERS, FIGURES = 0x1F, 0x1B
_CHUNK = 1600


def encode(text: str) -> bytes:
    """The five-bit codes for a text, one a byte, shifts included. What the code has not is sent as '?'."""
    raw = text.encode("ascii", "replace")
    most = int(lib.kl_baudot_encode(raw, len(raw), ffi.NULL, 0))
    codes = ffi.new("uint8_t[]", most or 1)
    lib.kl_baudot_encode(raw, len(raw), codes, most)
    return bytes(ffi.buffer(codes, most))


def decode(codes: bytes) -> str:
    """The text that these codes stand for, beginning in letters."""
    text = ffi.new("char[]", len(codes) or 1)
    count = int(lib.kl_baudot_decode(codes, len(codes), text, len(codes)))
    return bytes(ffi.buffer(text, count)).decode("ascii")


def send(text: str) -> bytes:
    """The text as audio, from the leading to the closing mark. MemoryError when there is none."""
    raw = text.encode("ascii", "replace")
    sender = lib.kl_tty_sender_create(raw, len(raw))
    if sender == ffi.NULL:
        raise MemoryError("no memory for a text telephone's signal")
    try:
        audio = bytearray()
        pcm = ffi.new("int16_t[]", _CHUNK)
        while count := int(lib.kl_tty_sender_run(sender, pcm, _CHUNK)):
            audio += bytes(ffi.buffer(pcm, 2 * count))
        return bytes(audio)
    finally:
        lib.kl_tty_sender_destroy(sender)


@dataclass(frozen=True, slots=True)
class Status:
    """`recognised_at` is in samples, and means nothing before `recognised`."""

    carrier: bool
    recognised: bool
    recognised_at: int
    characters: int


class Receiver:
    """Reads a text telephone on one line. MemoryError when it cannot be made."""

    def __init__(self) -> None:
        raw = lib.kl_tty_receiver_create()
        if raw == ffi.NULL:
            raise MemoryError("no memory for a text telephone")
        self._raw = ffi.gc(raw, lib.kl_tty_receiver_destroy)

    def hear(self, pcm: bytes) -> str:
        """What was typed in these samples; whole blocks of 80 (10 ms). EngineError (EINVAL) for a part of one."""
        samples = ffi.from_buffer("int16_t[]", pcm)
        most = len(samples) // 400 + 64
        text = ffi.new("char[]", most)
        count = check(
            lib.kl_tty_receiver_run(self._raw, samples, len(samples), text, most),
            f"text telephone over {len(samples)} samples (a block has {BLOCK})",
        )
        return bytes(ffi.buffer(text, count)).decode("ascii")

    @property
    def status(self) -> Status:
        raw = ffi.new("kl_tty_status *")
        lib.kl_tty_receiver_status(self._raw, raw)
        return Status(bool(raw.carrier), bool(raw.recognised), raw.recognised_at, raw.characters)
