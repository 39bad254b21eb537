"""The handset link in its slowest and most obvious form: what docs/protocol.md says, line by line.

Every other implementation (firmware, C engine) is held against this one through hw/vectors.json.
"""

import hmac
import struct
import zlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kinline.handsets import _link as wire


def derive(device_key: bytes, label: bytes, handset_nonce: bytes, host_nonce: bytes) -> bytes:
    return hmac.digest(device_key, label + handset_nonce + host_nonce, "sha256")


@dataclass(frozen=True)
class DirectionKeys:
    """One direction's keys: 16 bytes cipher and 16 bytes IV key, 32 bytes tag key."""

    cipher: bytes
    tag: bytes

    def iv(self, sequence: int, kind: int) -> bytes:
        block = struct.pack("<IB11x", sequence, kind)
        encryptor = Cipher(algorithms.AES(self.cipher[16:]), modes.ECB()).encryptor()
        return encryptor.update(block) + encryptor.finalize()

    def cbc(self, sequence: int, kind: int) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.cipher[:16]), modes.CBC(self.iv(sequence, kind)))


def header(kind: int, epoch: int, sequence: int, length: int) -> bytes:
    start = wire.SYNC + struct.pack("<BBIH", kind, epoch, sequence, length)
    return start + struct.pack("<H", zlib.crc32(start) & 0xFFFF)


def encode(kind: int, text: bytes, sequence: int, epoch: int = 0, keys: DirectionKeys | None = None) -> bytes:
    """One frame as it stands on the wire."""
    head = header(kind, epoch, sequence, len(text))
    if kind < wire.SEALED_FROM:
        return head + text + struct.pack("<I", zlib.crc32(head + text))
    assert keys is not None, "a sealed frame needs keys"
    encryptor = keys.cbc(sequence, kind).encryptor()
    sealed = encryptor.update(text + bytes(-len(text) % 16)) + encryptor.finalize()
    return head + sealed + hmac.digest(keys.tag, head + sealed, "sha256")[: wire.TAG_BYTES]


@dataclass
class Receiver:
    """Takes bytes as they come; keeps delivered (type, sequence, text) and refusals counted by reason."""

    keys: dict[int, DirectionKeys] = field(default_factory=dict)
    delivered: list[tuple[int, int, bytes]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    _buffer: bytes = b""
    _newest: int = 0
    _seen: set[int] = field(default_factory=set)

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _refuse(self, reason: str, skip: int) -> bool:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        self._buffer = self._buffer[skip:]
        return True

    def _step(self) -> bool:
        at = self._buffer.find(wire.SYNC)
        if at < 0:
            self._buffer = self._buffer[-1:] if self._buffer.endswith(wire.SYNC[:1]) else b""
            return False
        self._buffer = self._buffer[at:]
        if len(self._buffer) < wire.HEADER_BYTES:
            return False
        kind, epoch, sequence, length, check = struct.unpack_from("<BBIHH", self._buffer, 2)
        if zlib.crc32(self._buffer[:10]) & 0xFFFF != check:
            return self._refuse("check", 1)
        if length != wire.AUDIO_BYTES if kind == wire.AUDIO else length > wire.CONTROL_BYTES:
            return self._refuse("length", 1)
        sealed = kind >= wire.SEALED_FROM
        body_end = wire.HEADER_BYTES + (length + -length % 16 if sealed else length)
        end = body_end + (wire.TAG_BYTES if sealed else 4)
        if len(self._buffer) < end:
            return False
        head, body = self._buffer[: wire.HEADER_BYTES], self._buffer[wire.HEADER_BYTES : body_end]
        closing = self._buffer[body_end:end]
        if not sealed:
            if struct.pack("<I", zlib.crc32(head + body)) != closing:
                return self._refuse("crc", 1)
            return self._deliver(kind, sequence, body, end)
        keys = self.keys.get(epoch)
        if keys is None:
            return self._refuse("epoch", end)
        if not hmac.compare_digest(hmac.digest(keys.tag, head + body, "sha256")[: wire.TAG_BYTES], closing):
            return self._refuse("tag", 1)
        if sequence in self._seen or sequence + wire.REPLAY_WINDOW < self._newest or sequence == 0:
            return self._refuse("replay", end)
        self._seen.add(sequence)
        self._newest = max(self._newest, sequence)
        decryptor = keys.cbc(sequence, kind).decryptor()
        return self._deliver(kind, sequence, (decryptor.update(body) + decryptor.finalize())[:length], end)

    def _deliver(self, kind: int, sequence: int, text: bytes, end: int) -> bool:
        self.delivered.append((kind, sequence, text))
        self._buffer = self._buffer[end:]
        return True
