"""The handset link's frames, as the engine makes and takes them; for tests, tools and fake handsets."""

from dataclasses import dataclass
from typing import Any

from kinline_engine._kinline_engine import ffi, lib

SECRET_BYTES: int = lib.KL_FRAME_SECRET_BYTES
WIRE_MAX: int = lib.KL_FRAME_WIRE_MAX
REFUSALS = ("check", "length", "crc", "epoch", "tag", "replay")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in clear."""

    type: int
    epoch: int
    sequence: int
    text: bytes


@dataclass(frozen=True, slots=True)
class FrameCounters:
    """What a receiver has met; `refused` counts by reason, only reasons that occurred."""

    frames: int
    audio_frames: int
    skipped_bytes: int
    refused: dict[str, int]


def counters(raw: Any) -> FrameCounters:
    """From the C `kl_frame_counters`."""
    refused = {reason: int(getattr(raw, f"refused_{reason}")) for reason in REFUSALS}
    return FrameCounters(raw.frames, raw.audio_frames, raw.skipped_bytes, {reason: n for reason, n in refused.items() if n})


def new_keys(cipher: bytes, tag: bytes) -> Any:
    """The C `kl_frame_keys *` of two 32-byte secrets, owned by the caller."""
    if len(cipher) != SECRET_BYTES or len(tag) != SECRET_BYTES:
        raise ValueError(f"link secrets are {SECRET_BYTES} bytes each, got {len(cipher)} and {len(tag)}")
    keys = lib.kl_frame_keys_create(cipher, tag)
    if keys == ffi.NULL:
        raise MemoryError("no memory for link keys")
    return keys


class Keys:
    """One direction's secrets, 32 bytes each: cipher key and IV key, and tag key."""

    def __init__(self, cipher: bytes, tag: bytes) -> None:
        self._keys = ffi.gc(new_keys(cipher, tag), lib.kl_frame_keys_destroy)

    @property
    def handle(self) -> Any:
        """The C `kl_frame_keys *`; lives as long as this object."""
        return self._keys


def seal(type: int, text: bytes, sequence: int, epoch: int = 0, keys: Keys | None = None) -> bytes:
    """One frame as it stands on the wire. ValueError for text the contract does not allow or missing keys."""
    wire = ffi.new("uint8_t[]", WIRE_MAX)
    handle = keys.handle if keys else ffi.NULL
    length = lib.kl_frame_seal(handle, type, epoch, sequence, text, len(text), wire, WIRE_MAX)
    if length < 0:
        raise ValueError(f"message {type:#04x} of {len(text)} bytes cannot be framed ({-length}): check its length and keys")
    return bytes(ffi.buffer(wire, length))


class Receiver:
    """Takes bytes as they come and gives the frames in them."""

    def __init__(self) -> None:
        rx = lib.kl_frame_rx_create()
        if rx == ffi.NULL:
            raise MemoryError("no memory for a link receiver")
        self._rx = ffi.gc(rx, lib.kl_frame_rx_destroy)
        self._frame = ffi.new("kl_frame *")

    def install(self, epoch: int, cipher: bytes, tag: bytes) -> None:
        """Pending keys, in force with the first frame that proves them."""
        lib.kl_frame_rx_keys(self._rx, epoch, new_keys(cipher, tag))

    def forget(self) -> None:
        """Drop all keys."""
        lib.kl_frame_rx_forget(self._rx)

    @property
    def epoch(self) -> int:
        """The epoch in force; 0 before any."""
        return int(lib.kl_frame_rx_epoch(self._rx))

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that data completes, in order."""
        frames: list[Frame] = []
        while data:
            data = data[lib.kl_frame_rx_feed(self._rx, data, len(data)) :]
            while lib.kl_frame_rx_next(self._rx, self._frame):
                raw = self._frame
                frames.append(Frame(raw.type, raw.epoch, raw.sequence, bytes(ffi.buffer(raw.text, raw.len))))
        return frames

    @property
    def counters(self) -> FrameCounters:
        """Since creation."""
        raw = ffi.new("kl_frame_counters *")
        lib.kl_frame_rx_counters(self._rx, raw)
        return counters(raw)
