"""Protected media: SRTP and SRTCP (RFC 3711) under the keys of a session description (RFC 4568)."""

from dataclasses import dataclass, field
from enum import IntEnum

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.errors import check


class Suite(IntEnum):
    """The suites that are spoken, by their names in a=crypto."""

    AES_CM_128_HMAC_SHA1_80 = lib.KL_SRTP_AES_CM_128_HMAC_SHA1_80
    AEAD_AES_128_GCM = lib.KL_SRTP_AEAD_AES_128_GCM

    @property
    def key_bytes(self) -> int:
        """Of master key and salt, one after the other."""
        return int(lib.kl_srtp_key_bytes(self))


def _fits(suite: Suite, key: bytes) -> None:
    if len(key) != suite.key_bytes:
        raise ValueError(f"{suite.name} has a key of {suite.key_bytes} bytes with its salt, not {len(key)}")


@dataclass(frozen=True, slots=True)
class Crypto:
    """What a call agreed on: its suite, and the master key and salt of each direction. They are in no repr, so in no log."""

    suite: Suite
    send_key: bytes = field(repr=False)
    receive_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for key in (self.send_key, self.receive_key):
            _fits(self.suite, key)


class Srtp:
    """One direction under one key: packets in, packets out. EngineError from `unprotect`: EBADMSG for what is not authentic,
    EALREADY for what is replayed, EUSERS for too many sources, EMSGSIZE for no such packet. With `before`, it is the
    next key of that one's direction: sources count on (RFC 3711 §3.3.1)."""

    def __init__(self, suite: Suite, key: bytes, before: "Srtp | None" = None) -> None:
        _fits(suite, key)
        raw = lib.kl_srtp_create(suite, key)
        if raw == ffi.NULL:
            raise MemoryError("no memory for the keys of protected media")
        self._raw = ffi.gc(raw, lib.kl_srtp_destroy)
        if before:
            lib.kl_srtp_follow(raw, before._raw)

    def protect(self, packet: bytes, rtcp: bool = False) -> bytes:
        """The packet as it goes out."""
        function = lib.kl_srtp_protect_rtcp if rtcp else lib.kl_srtp_protect
        room = ffi.new("uint8_t[]", len(packet) + lib.KL_SRTP_TRAILER_MOST)
        ffi.memmove(room, packet, len(packet))
        length = check(function(self._raw, room, len(packet), len(room)), "protecting a packet")
        return bytes(ffi.buffer(room, length))

    def unprotect(self, packet: bytes, rtcp: bool = False) -> bytes:
        """What was in a packet that came."""
        function = lib.kl_srtp_unprotect_rtcp if rtcp else lib.kl_srtp_unprotect
        room = ffi.new("uint8_t[]", packet or b"\0")
        length = check(function(self._raw, room, len(packet)), "unprotecting a packet")
        return bytes(ffi.buffer(room, length))
