"""The link's frames in Python (docs/protocol.md), for any transport; the daemon's, for many handsets, are in the engine."""

import hmac
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kinline.handsets import _link as wire
from kinline.handsets.keys import SessionKeys

_HEADER = struct.Struct("<2sBBIHH")
_CHECKED = 10  # bytes of the header that its check covers
_CRC_BYTES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that proved itself: by its CRC if clear, by its tag under the keys of its epoch if sealed."""

    kind: int
    epoch: int
    text: bytes


class Frames:
    """One end of a link: makes frames, and takes them out of a stream of bytes, garbage and all."""

    def __init__(self) -> None:
        self._keys: dict[int, SessionKeys] = {}
        self._newest: dict[int, int] = {}
        self._epoch = 0
        self._sent = 0
        self._buffer = b""
        self.refused = 0

    def install(self, keys: SessionKeys) -> None:
        """Accept frames under these keys beside those in force."""
        self._keys[keys.epoch] = keys
        self._newest[keys.epoch] = 0

    def clear(self, kind: int, text: bytes) -> bytes:
        frame = _header(kind, 0, 1, len(text)) + text
        return frame + struct.pack("<I", zlib.crc32(frame))

    def sealed(self, kind: int, text: bytes) -> bytes:
        """Under the keys that a frame from the handset last proved."""
        keys = self._keys[self._epoch]
        self._sent += 1
        head = _header(kind, keys.epoch, self._sent, len(text))
        body = _cbc(keys.h2d_cipher, kind, self._sent).encryptor().update(text + bytes(-len(text) % 16))
        return head + body + hmac.digest(keys.h2d_tag, head + body, "sha256")[: wire.TAG_BYTES]

    def taken(self, data: bytes) -> Iterator[Frame]:
        """Add what arrived; each whole frame that proves itself, in order."""
        self._buffer += data
        while (at := self._buffer.find(wire.SYNC)) >= 0:
            self._buffer = self._buffer[at:]
            if len(self._buffer) < wire.HEADER_BYTES:
                return
            _, kind, epoch, sequence, length, check = _HEADER.unpack_from(self._buffer)
            if zlib.crc32(self._buffer[:_CHECKED]) & 0xFFFF != check:
                self._refuse()
                continue
            size = _size(kind, length)
            if len(self._buffer) < size:
                return
            text = self._proved(kind, epoch, sequence, length, self._buffer[:size])
            if text is None:
                self._refuse()
                continue
            self._buffer = self._buffer[size:]
            yield Frame(kind, epoch, text)
        self._buffer = self._buffer[-1:] if self._buffer.endswith(wire.SYNC[:1]) else b""

    def _refuse(self) -> None:
        self.refused += 1
        self._buffer = self._buffer[len(wire.SYNC) :]

    def _proved(self, kind: int, epoch: int, sequence: int, length: int, frame: bytes) -> bytes | None:
        if kind < wire.SEALED_FROM:
            body = frame[:-_CRC_BYTES]
            return body[wire.HEADER_BYTES :] if zlib.crc32(body) == int.from_bytes(frame[-_CRC_BYTES:], "little") else None
        keys = self._keys.get(epoch)
        if keys is None or sequence <= self._newest[epoch]:
            return None
        head, tag = frame[: -wire.TAG_BYTES], frame[-wire.TAG_BYTES :]
        if not hmac.compare_digest(hmac.digest(keys.d2h_tag, head, "sha256")[: wire.TAG_BYTES], tag):
            return None
        self._newest[epoch] = sequence
        if epoch != self._epoch:
            self._epoch, self._sent = epoch, 0
        return _cbc(keys.d2h_cipher, kind, sequence).decryptor().update(head[wire.HEADER_BYTES :])[:length]


def _header(kind: int, epoch: int, sequence: int, length: int) -> bytes:
    start = wire.SYNC + struct.pack("<BBIH", kind, epoch, sequence, length)
    return start + struct.pack("<H", zlib.crc32(start) & 0xFFFF)


def _size(kind: int, length: int) -> int:
    closing = length + _CRC_BYTES if kind < wire.SEALED_FROM else (length + 15 & ~15) + wire.TAG_BYTES
    return wire.HEADER_BYTES + closing


def _cbc(cipher: bytes, kind: int, sequence: int) -> Cipher[modes.CBC]:
    iv = Cipher(algorithms.AES(cipher[16:]), modes.ECB()).encryptor().update(struct.pack("<IB11x", sequence, kind))
    return Cipher(algorithms.AES(cipher[:16]), modes.CBC(iv))
