"""The two ends of a call as tests play them: a handset on a pty and a far end on a UDP socket.

Both run in lockstep with the engine: a handset frame out, the host's frame back. The engine's clock is the
handset's, so tests go as fast as the machine allows.
"""

import os
import secrets
import select
import socket
import struct
import time
import tty
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kinline_engine.bus import Bus, Event
from kinline_engine.engine import Codec, Engine, FarEnd, Link
from kinline_engine.frame import Frame, Keys, Receiver, seal

Pcm = NDArray[np.int16]

AUDIO = 0x10
EPOCH = 3
FRAME16 = 320
FRAME8 = 160
PATIENCE = 10.0  # seconds that a test waits for what must come at once


def speech(seconds: float, rate: int, seed: int, level: float = 0.15) -> Pcm:
    """Noise between 400 and 3000 Hz in syllables of about 200 ms: as wide as telephone speech, easy to align."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / rate)
    spectrum[(hertz < 400) | (hertz > 3000)] = 0
    wave = np.fft.irfft(spectrum, n)
    envelope = np.abs(np.sin(np.pi * 2.5 * np.arange(n) / rate + rng.uniform(0, 3)))
    wave *= envelope / np.sqrt(np.mean(wave**2))
    return np.clip(wave * level * 32767, -32767, 32767).astype(np.int16)


def correlation(sent: Pcm, heard: Pcm) -> float:
    """The largest normalised correlation of heard against sent over all shifts, both at one rate."""
    a, b = sent.astype(float), heard.astype(float)
    if not a.any() or not b.any():
        return 0.0
    n = 1 << int(np.ceil(np.log2(len(a) + len(b))))
    cross = np.fft.irfft(np.fft.rfft(b, n) * np.conj(np.fft.rfft(a, n)), n)
    return float(np.max(np.abs(cross)) / np.sqrt(np.sum(a**2) * np.sum(b**2)))


def _likeness(sent: Pcm, piece: Pcm) -> NDArray[np.float64]:
    """Normalised correlation of piece with each stretch of sent of its own length."""
    a, b = sent.astype(float), piece.astype(float)
    n = 1 << int(np.ceil(np.log2(len(a) + len(b))))
    cross = np.fft.irfft(np.fft.rfft(a, n) * np.conj(np.fft.rfft(b, n)), n)[: len(a) - len(b) + 1]
    energy = np.cumsum(np.concatenate([[0.0], a**2]))
    norm = np.sqrt((energy[len(b) :] - energy[: -len(b)]) * np.sum(b**2))
    return np.asarray(np.abs(cross) / np.maximum(norm, 1.0))


def contains(sent: Pcm, piece: Pcm) -> float:
    """How well piece matches the best-matching stretch of sent of its own length."""
    return float(np.max(_likeness(sent, piece)))


def place(sent: Pcm, piece: Pcm) -> int:
    """Where that stretch begins."""
    return int(np.argmax(_likeness(sent, piece)))


def found_again(sent: Pcm, heard: Pcm, piece: int) -> float:
    """How well the pieces of sent are found in heard, on average: blind to time that a jitter buffer took out or put in."""
    pieces = [sent[at : at + piece] for at in range(0, len(sent) - piece + 1, piece)]
    return sum(contains(heard, one) for one in pieces) / len(pieces)


class Handset:
    """A handset's end of the link: frames, seals, and answers nothing by itself."""

    def __init__(self) -> None:
        self.fd, self.host_fd = os.openpty()
        tty.setraw(self.fd)
        tty.setraw(self.host_fd)
        self.secrets = [secrets.token_bytes(32) for _ in range(4)]  # d2h cipher, tag; h2d cipher, tag
        self.sequence = 0
        self.receiver = Receiver()
        self.frames: list[Frame] = []
        self.use_keys(EPOCH)

    def use_keys(self, epoch: int) -> None:
        self.epoch = epoch
        self.keys = Keys(*self.secrets[:2])
        self.receiver.install(epoch, *self.secrets[2:])

    def install(self, link: Link) -> None:
        link.install_keys(self.epoch, *self.secrets)

    def wire(self, kind: int, text: bytes) -> bytes:
        """The next frame as bytes."""
        self.sequence += 1
        return seal(kind, text, self.sequence, self.epoch, self.keys)

    def send(self, kind: int, text: bytes) -> None:
        os.write(self.fd, self.wire(kind, text))

    def pump(self, timeout: float) -> bool:
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        self.frames += self.receiver.feed(os.read(self.fd, 4096))
        return True

    def expect(self, kind: int) -> bytes:
        """The text of the next frame of a kind."""
        until = time.monotonic() + PATIENCE
        while True:
            for i, frame in enumerate(self.frames):
                if frame.type == kind:
                    del self.frames[i]
                    return frame.text
            left = until - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise AssertionError(f"no frame {kind:#04x} from the host within {PATIENCE} s")

    def exchange(self, pcm: Pcm) -> Pcm:
        """One 20 ms frame out, one back."""
        self.send(AUDIO, pcm.tobytes())
        return np.frombuffer(self.expect(AUDIO), np.int16)

    def vanish(self) -> None:
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        for fd in (self.fd, self.host_fd):
            if fd >= 0:
                os.close(fd)


# G.711 mu-law by its definition (ITU-T G.711, table 2a), so that the engine's is not held against itself.
def _ulaw_table() -> Pcm:
    codes = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = codes >> 4 & 7, codes & 15
    magnitude = ((mantissa.astype(np.int32) * 2 + 33) << exponent) - 33
    return np.where(codes & 0x80, -magnitude * 4, magnitude * 4).astype(np.int16)


ULAW = _ulaw_table()
_ULAW_ORDER = np.argsort(ULAW, kind="stable")


def ulaw_encode(pcm: Pcm) -> bytes:
    """The nearest code of each sample."""
    ordered = ULAW[_ULAW_ORDER].astype(int)
    right = np.clip(np.searchsorted(ordered, pcm), 1, 255)
    nearer = np.abs(ordered[right] - pcm) < np.abs(ordered[right - 1] - pcm)
    return _ULAW_ORDER[np.where(nearer, right, right - 1)].astype(np.uint8).tobytes()


def ulaw_decode(data: bytes) -> Pcm:
    return ULAW[np.frombuffer(data, np.uint8)]


class Far:
    """A called party's RTP end."""

    def __init__(self, engine_port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.to = ("127.0.0.1", engine_port)
        self.sequence = 1000
        self.timestamp = 5000
        self.ssrc = 0x1234

    @property
    def end(self) -> FarEnd:
        return FarEnd("127.0.0.1", self.socket.getsockname()[1], Codec.PCMU)

    def packet(self, payload: bytes, payload_type: int = 0, marker: bool = False, timestamp: int | None = None) -> bytes:
        """The next packet's bytes; the timeline is advanced by `advance`."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        stamp = self.timestamp if timestamp is None else timestamp
        head = struct.pack("!BBHII", 0x80, payload_type | marker << 7, self.sequence, stamp & 0xFFFFFFFF, self.ssrc)
        return head + payload

    def advance(self, samples: int = FRAME8) -> None:
        self.timestamp = (self.timestamp + samples) & 0xFFFFFFFF

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.to)

    def say(self, pcm: Pcm) -> None:
        self.send(self.packet(ulaw_encode(pcm)))
        self.advance(len(pcm))

    def receive(self) -> bytes:
        return self.socket.recv(2048)

    def hear(self) -> Pcm:
        return ulaw_decode(self.receive()[12:])

    def close(self) -> None:
        self.socket.close()


@dataclass
class Stage:
    """Engine, handset, call and far end, connected."""

    privileged: bool = False
    far_end: bool = True
    stall_ms: int = 60_000  # so that a slow machine does not look like a stalled handset
    clean_microphone: bool = False
    bus: Bus = field(default_factory=Bus)
    heard_near: list[Pcm] = field(default_factory=list)
    heard_far: list[Pcm] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.engine = Engine(self.bus, stall_ms=self.stall_ms, clean_microphone=self.clean_microphone)
        self.handset = Handset()
        self.link = self.engine.open_link(self.handset.host_fd)
        self.handset.install(self.link)
        make = self.engine.create_privileged_call if self.privileged else self.engine.create_call
        self.call = make(self.link)
        self.far = Far(self.engine.rtp_port)
        if self.far_end:
            self.call.set_far(self.far.end)
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()
        self.bus.close()
        self.handset.close()
        self.far.close()

    def period(self, near: Pcm, far: Pcm | None) -> None:
        """20 ms: both speak, both listen."""
        if far is not None:
            self.far.say(far)
        _ = self.engine.counters  # once this is answered, the engine has taken what the far end sent
        self.heard_near.append(self.handset.exchange(near))
        if self.far_end:
            self.heard_far.append(self.far.hear())

    def talk(self, near: Pcm, far: Pcm | None = None) -> tuple[Pcm, Pcm]:
        """Both speak; returns what each heard (16 kHz near, 8 kHz far)."""
        self.heard_near, self.heard_far = [], []
        for i in range(len(near) // FRAME16):
            self.period(
                near[i * FRAME16 : (i + 1) * FRAME16],
                None if far is None else far[i * FRAME8 : (i + 1) * FRAME8],
            )
        return np.concatenate(self.heard_near), np.concatenate(self.heard_far or [np.zeros(0, np.int16)])

    def silence(self, seconds: float) -> tuple[Pcm, Pcm]:
        return self.talk(np.zeros(int(seconds * 16000), np.int16), np.zeros(int(seconds * 8000), np.int16))

    def wait(self, source: int, kind: int) -> Event:
        """The next event of a kind; others that come before are kept in events."""
        until = time.monotonic() + PATIENCE
        while True:
            for i, event in enumerate(self.events):
                if (event.source, event.kind) == (source, kind):
                    return self.events.pop(i)
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.bus.fd], [], [], left)[0]:
                raise AssertionError(f"no event {kind} of source {source} within {PATIENCE} s; have {self.events}")
            self.events += self.bus.poll()

    def drain(self) -> list[Event]:
        """All events that have been posted."""
        while select.select([self.bus.fd], [], [], 0)[0]:
            self.events += self.bus.poll()
        events, self.events = self.events, []
        return events
