"""Links: the serial lines to the handsets."""

from dataclasses import dataclass
from enum import IntEnum

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.errors import check
from kinline_engine.frame import SECRET_BYTES, FrameCounters, counters
from kinline_engine.raw import Owner, fields


class LinkEvent(IntEnum):
    """Kinds from `Source.LINK`."""

    FRAME = lib.KL_LINK_FRAME  # code: epoch << 8 | message type, data: its text
    GONE = lib.KL_LINK_GONE  # code: errno


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Of one link, since it was opened."""

    received: FrameCounters
    bytes_in: int
    bytes_out: int
    frames_out: int
    audio_out: int
    write_overruns: int
    audio_unwired: int
    unsent: int


class Link:
    """One handset's serial line. From `Engine.open_link`."""

    def __init__(self, engine: Owner, id: int) -> None:
        self._engine = engine
        self.id = id

    def install_keys(self, epoch: int, d2h_cipher: bytes, d2h_tag: bytes, h2d_cipher: bytes, h2d_tag: bytes) -> None:
        """A session's keys, 32 bytes each, in force both ways with the handset's first valid frame under them."""
        secrets = (d2h_cipher, d2h_tag, h2d_cipher, h2d_tag)
        if any(len(secret) != SECRET_BYTES for secret in secrets):
            raise ValueError(f"link secrets are {SECRET_BYTES} bytes each, got {[len(s) for s in secrets]}")
        check(lib.kl_link_keys(self._engine.handle, self.id, epoch, *secrets), f"keys of link {self.id}")

    def forget_keys(self) -> None:
        """Sealed frames are refused and not sent until new keys come."""
        check(lib.kl_link_forget_keys(self._engine.handle, self.id), f"keys of link {self.id}")

    def send(self, kind: int, text: bytes) -> None:
        """Queue one message. ValueError when it is too long; Busy when the engine is 1024 commands behind."""
        if len(text) > 256:
            raise ValueError(f"message {kind:#04x} of {len(text)} bytes: the link carries 256")
        check(lib.kl_link_send(self._engine.handle, self.id, kind, text, len(text)), f"send on link {self.id}")

    @property
    def counters(self) -> LinkCounters:
        """A consistent snapshot."""
        raw = ffi.new("kl_link_counters *")
        check(lib.kl_link_get_counters(self._engine.handle, self.id, raw), f"counters of link {self.id}")
        names = [name for name in LinkCounters.__dataclass_fields__ if name != "received"]
        return LinkCounters(received=counters(raw.received), **fields(raw, names))

    def close(self) -> None:
        """The engine stops using the descriptor before this returns."""
        check(lib.kl_link_close(self._engine.handle, self.id), f"link {self.id}")
