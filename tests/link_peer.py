"""The host's end of a handset link, written apart from both real ends, for tests."""

import hashlib
import hmac
import os
import select
import struct
import time
import zlib
from collections.abc import Callable
from typing import TypeVar

import serial
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kinline.handsets import _link as wire

M = TypeVar("M", bound=wire.Message)
_FAR_S = 0.02  # how long a port behind a network is waited for at once
_HEADER = struct.Struct("<2sBBIHH")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


class Direction:
    """Seals or opens the frames of one direction."""

    def __init__(self, key: bytes, cipher_label: bytes, tag_label: bytes, nonces: bytes) -> None:
        both = _mac(key, cipher_label + nonces)
        self._cipher, self._iv = algorithms.AES(both[:16]), algorithms.AES(both[16:])
        self._tag = _mac(key, tag_label + nonces)

    def _cbc(self, kind: int, sequence: int) -> Cipher[modes.CBC]:
        ecb = Cipher(self._iv, modes.ECB()).encryptor()
        return Cipher(self._cipher, modes.CBC(ecb.update(struct.pack("<IB11x", sequence, kind))))

    def seal(self, kind: int, epoch: int, sequence: int, text: bytes) -> bytes:
        head = header(kind, epoch, sequence, len(text))
        body = self._cbc(kind, sequence).encryptor().update(text + bytes(-len(text) % 16))
        return head + body + _mac(self._tag, head + body)[: wire.TAG_BYTES]

    def open(self, frame: bytes) -> bytes | None:
        _, kind, _, sequence, length, _ = _HEADER.unpack_from(frame)
        if not hmac.compare_digest(_mac(self._tag, frame[: -wire.TAG_BYTES])[: wire.TAG_BYTES], frame[-wire.TAG_BYTES :]):
            return None
        return self._cbc(kind, sequence).decryptor().update(frame[wire.HEADER_BYTES : -wire.TAG_BYTES])[:length]


def header(kind: int, epoch: int, sequence: int, length: int) -> bytes:
    start = struct.pack("<2sBBIH", wire.SYNC, kind, epoch, sequence, length)
    return start + struct.pack("<H", zlib.crc32(start) & 0xFFFF)


def clear_frame(kind: int, text: bytes, sequence: int = 1) -> bytes:
    frame = header(kind, 0, sequence, len(text)) + text
    return frame + struct.pack("<I", zlib.crc32(frame))


def frame_size(kind: int, length: int) -> int:
    closing = length + 4 if kind < wire.SEALED_FROM else (length + 15 & ~15) + wire.TAG_BYTES
    return wire.HEADER_BYTES + closing


class LinkPeer:
    """Answers hellos, pings, acknowledges and collects what the handset says. Knows no I/O: feed() and write()."""

    def __init__(self, write: Callable[[bytes], object], key: bytes, nonce: Callable[[int], bytes] = os.urandom) -> None:
        self._write, self._key, self._random = write, key, nonce
        self._buffer = b""
        self._hello_nonce = b""
        self._welcome = b""
        self.epoch = 0
        self.up = False
        self.hello: wire.Hello | None = None
        self.messages: list[wire.Message] = []
        self.audio: list[bytes] = []
        self.answer_audio: Callable[[bytes], bytes | None] = lambda pcm: pcm
        self.raw = b""
        self.acknowledge = True
        self.minor = 0  # what this host speaks: of the messages since then it is told only what it can read
        self.bounced: list[wire.Bounce] = []
        self.acknowledged = 0
        self._sequence = self._number = self._last = 0

    def feed(self, data: bytes) -> None:
        self.raw += data
        self._buffer += data
        while True:
            at = self._buffer.find(wire.SYNC)
            if at < 0:
                self._buffer = self._buffer[-1:]
                return
            self._buffer = self._buffer[at:]
            if len(self._buffer) < wire.HEADER_BYTES:
                return
            _, kind, epoch, _sequence, length, check = _HEADER.unpack_from(self._buffer)
            if zlib.crc32(self._buffer[:10]) & 0xFFFF != check:
                self._buffer = self._buffer[2:]
                continue
            size = frame_size(kind, length)
            if len(self._buffer) < size:
                return
            taken = self._frame(kind, epoch, self._buffer[:size])
            self._buffer = self._buffer[size if taken else 2 :]

    def send(self, message: wire.Message) -> int:
        """Send one reliable message and return its number; the caller repeats it if it must."""
        self._number = self._number % 0xFFFF + 1
        self.send_sealed(message.ID, struct.pack("<H", self._number) + message.encode())
        return self._number

    def send_sealed(self, kind: int, text: bytes) -> bytes:
        self._sequence += 1
        frame = self._ours.seal(kind, self.epoch, self._sequence, text)
        self._write(frame)
        return frame

    def ping(self, number: int = 0) -> None:
        self.send_sealed(wire.Ping.ID, wire.Ping(number).encode())

    def probe(self) -> None:
        self._write(clear_frame(wire.Probe.ID, b""))

    def _frame(self, kind: int, epoch: int, frame: bytes) -> bool:
        if kind < wire.SEALED_FROM:
            if zlib.crc32(frame[:-4]) != int.from_bytes(frame[-4:], "little"):
                return False
            if kind == wire.Hello.ID:
                self._greet(wire.Hello.decode(frame[wire.HEADER_BYTES : -4]))
            return True
        if not self.up or epoch != self.epoch:
            return False
        text = self._theirs.open(frame)
        if text is None:
            return False
        if kind == wire.AUDIO:
            self.audio.append(text)
            reply = self.answer_audio(text)
            if reply is not None:
                self.send_sealed(wire.AUDIO, reply)
        elif kind == wire.Pong.ID:
            self.messages.append(wire.Pong.decode(text))
        elif hasattr(wire, "Bounce") and kind == wire.Bounce.ID:  # a released contract does not know it
            self.bounced.append(wire.Bounce.decode(text))
        elif kind == wire.Ack.ID:
            self.acknowledged = wire.Ack.decode(text).number
        elif kind >= wire.RELIABLE_FROM:
            self._control(kind, text)
        return True

    def _control(self, kind: int, text: bytes) -> None:
        if not self.acknowledge:
            return
        number = int.from_bytes(text[:2], "little")
        if number == self._last % 0xFFFF + 1:
            self._last = number
            self.messages.append(wire.MESSAGES[kind].decode(text[2:]))
        self.send_sealed(wire.Ack.ID, wire.Ack(self._last).encode())

    def _greet(self, hello: wire.Hello) -> None:
        self.hello = hello
        if hello.nonce == self._hello_nonce:
            self._write(self._welcome)
            return
        self._hello_nonce = hello.nonce
        nonce = self._random(wire.NONCE_BYTES)
        nonces = hello.nonce + nonce
        self.epoch = self.epoch % 255 + 1
        proof = _mac(self._key, wire.LABEL_PROOF + nonces + bytes((self.epoch,)))[: wire.PROOF_BYTES]
        self._ours = Direction(self._key, wire.LABEL_H2D_CIPHER, wire.LABEL_H2D_TAG, nonces)
        self._theirs = Direction(self._key, wire.LABEL_D2H_CIPHER, wire.LABEL_D2H_TAG, nonces)
        self._sequence = self._number = self._last = 0
        self.up = True
        self._welcome = clear_frame(wire.Welcome.ID, wire.Welcome(self.epoch, self.minor, nonce, proof).encode())
        self._write(self._welcome)


class SerialPeer(LinkPeer):
    """A LinkPeer on an open file descriptor or the path of a serial port; pumped by its wait methods.

    far is a port of pyserial's in their place, which need have no descriptor: one behind a network.
    """

    def __init__(self, port: str | int, key: bytes, far: serial.SerialBase | None = None) -> None:
        self._far = far
        if far is not None:
            far.timeout = _FAR_S  # once: each setting is a negotiation
            super().__init__(far.write, key)
        else:
            self.fd = port if isinstance(port, int) else os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            super().__init__(lambda data: os.write(self.fd, data), key)
        self.pinging = True
        self._pinged = 0.0

    def close(self) -> None:
        os.close(self.fd)

    def call(self, timeout: float = 5.0) -> bool:
        """Ask for a hello as a host without a session does, which a handset answers once it has not heard the host before."""
        end = time.monotonic() + timeout
        while not self.up and time.monotonic() < end:
            self.probe()
            self.until(lambda: self.up, wire.HELLO_MS / 1000)
        return self.up

    def pump(self, seconds: float) -> None:
        """Serve the link for this long."""
        self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], object], timeout: float) -> bool:
        """Serve the link until the condition holds; False after timeout seconds."""
        end = time.monotonic() + timeout
        while not condition():
            now = time.monotonic()
            if now >= end:
                return False
            if self.up and self.pinging and now - self._pinged >= wire.PING_MS / 1000:
                self._pinged = now
                self.ping()
            if self._far is not None:
                self.feed(self._far.read(max(1, self._far.in_waiting)))
            elif select.select([self.fd], [], [], min(0.05, end - now))[0]:
                self.feed(os.read(self.fd, 65536))
        return True

    def expect(self, kind: type[M], timeout: float = 3.0) -> M:
        """The next message of a kind that nobody has taken; AssertionError tells what came instead."""

        def found() -> M | None:
            return next((m for m in self.messages if isinstance(m, kind)), None)

        assert self.until(found, timeout), f"no {kind.__name__} within {timeout} s, but {self.messages}"
        message = found()
        assert message is not None
        self.messages.remove(message)
        return message
