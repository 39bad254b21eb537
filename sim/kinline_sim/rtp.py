"""One end of an RTP session: 20 ms packets sent on a steady clock, everything received kept with its time.

G.711 is coded here, so that the engine's is not only held against itself; G.722 by the engine's own codec.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from kinline_engine.audio import Coder
from kinline_engine.errors import EngineError
from kinline_engine.sip import G722, Media
from kinline_engine.srtp import Crypto, Srtp
from kinline_sim import g711
from kinline_sim.g711 import Law, Pcm
from kinline_sim.rtcp import Reception, is_rtcp
from kinline_sim.speech import resample

RATE = 8000  # of G.711, and of every timestamp
WIDE_RATE = 16000  # of G.722
FRAME_S = 0.020
FRAME = 160
HEADER = struct.Struct("!BBHII")
EVENT = struct.Struct("!BBH")
DTMF_DIGITS = "0123456789*#ABCD"
DTMF_ROWS = (697, 770, 852, 941)
DTMF_COLUMNS = (1209, 1336, 1477, 1633)
DTMF_LAYOUT = "123A456B789C*0#D"
EVENT_VOLUME = 10  # -10 dBm0
EVENT_END = 0x80
EVENT_END_REPEATS = 3  # RFC 4733 §2.5.1.4
# A process that was stopped longer than this skips what it missed, as a telephone would, instead of flooding the far end.
CATCH_UP_S = 0.2
LAWS: dict[int, Law] = {0: "ulaw", 8: "alaw"}
COMFORT_NOISE = 13  # RFC 3389
SILENCE = np.zeros(FRAME, np.int16)


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet without extension or contributors, which is all that we send."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def pack(self) -> bytes:
        """The packet's bytes."""
        kind = self.payload_type | (0x80 if self.marker else 0)
        return HEADER.pack(0x80, kind, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc) + self.payload


def parse(raw: bytes) -> Packet | None:
    """A received packet, or None for what is not RTP version 2 or is cut short."""
    if len(raw) < HEADER.size or raw[0] >> 6 != 2:
        return None
    first, kind, sequence, timestamp, ssrc = HEADER.unpack_from(raw)
    start = HEADER.size + 4 * (first & 15)
    end = len(raw)
    if first & 0x10:
        if len(raw) < start + 4:
            return None
        start += 4 + 4 * struct.unpack_from("!H", raw, start + 2)[0]
    if first & 0x20:
        end -= raw[-1]
    if start > end:
        return None
    return Packet(kind & 0x7F, sequence, timestamp, ssrc, raw[start:end], bool(kind & 0x80))


def dtmf_tone(digit: str, seconds: float = 0.1, level: float = 0.2) -> Pcm:
    """A digit as in-band tone; each of its two sines at `level` of full scale."""
    row, column = divmod(DTMF_LAYOUT.index(digit), 4)
    t = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * DTMF_ROWS[row] * t) + np.sin(2 * np.pi * DTMF_COLUMNS[column] * t)
    return np.asarray(np.round(wave * level * 32767), np.int16)


@dataclass(frozen=True, slots=True)
class Received:
    """One audio packet: when it came (monotonic ns), its RTP timestamp, its samples and their rate."""

    mono_ns: int
    timestamp: int
    pcm: Pcm
    rate: int = RATE


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of audio on the monotonic clock: sample i belongs to start_ns + i / rate seconds."""

    start_ns: int
    pcm: Pcm
    rate: int = RATE


class _Frame(NamedTuple):
    rate: int
    pcm: Pcm


@dataclass(slots=True)
class _Utterance:
    pcm: Pcm
    done: asyncio.Future[None]
    at: int = 0


@dataclass(slots=True)
class _Digit:
    number: int
    duration: int  # samples
    timestamp: int
    elapsed: int = 0
    ends_sent: int = 0
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RtpEnd(asyncio.DatagramProtocol):
    """A telephone's audio: `say` and `press` queue what is sent, `received` keeps what came.

    The constructor binds a free port on `ip`; packets flow after `start`.
    """

    def __init__(self, ip: str, seed: int) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._random = random.Random(seed)
        self._transport: asyncio.DatagramTransport | None = None
        self._pacer: asyncio.Task[None] | None = None
        self._far: tuple[str, int] | None = None
        self._codec = 0
        self._coder = Coder()
        self._payload_type = 0
        self._dtmf_payload: int | None = None
        self._sequence = self._random.randrange(32768)  # RFC 3711 §3.3.1
        self._timestamp = self._random.randrange(1 << 32)
        self._ssrc = self._random.randrange(1 << 32)
        self._speech: deque[_Utterance] = deque()
        self._digits: deque[_Digit] = deque()
        self._sent: list[_Frame] = []
        self._sent_start_ns = 0
        self._last_event_timestamp: int | None = None
        self._arrival = asyncio.Event()
        self.received: list[Received] = []
        self.digits_received: list[tuple[int, str]] = []
        self.malformed = 0
        self.unauthentic = 0
        self.reports_received = 0
        self._reception = Reception()
        self._mux = False
        self.crypto: Crypto | None = None
        self._protect: Srtp | None = None
        self._unprotect: Srtp | None = None

    async def start(self) -> None:
        """Begin to receive."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._socket)

    @property
    def wide(self) -> bool:
        """Whether 16 kHz are sent."""
        return self._codec == G722

    def aim(self, far: Media) -> None:
        """Send to where and as the far end's session description says, from now on."""
        self._far = (far.ip, far.port)
        was, self._codec = self.rate, far.codec
        if self.rate != was:
            for utterance in self._speech:
                utterance.pcm, utterance.at = resample(utterance.pcm[utterance.at :], was, self.rate), 0
        self._take_keys(far.crypto)
        self._mux = far.rtcp_port == far.port
        self._payload_type = far.payload
        self._dtmf_payload = far.dtmf_payload
        if self._pacer is None:
            self._pacer = asyncio.get_running_loop().create_task(self._pace())

    def _take_keys(self, crypto: Crypto | None) -> None:
        """A direction whose key stays goes on counting, and one whose key changes does not begin again."""
        was, self.crypto = self.crypto, crypto
        if crypto is None:
            self._protect = self._unprotect = None
            return
        if was is None or (was.suite, was.send_key) != (crypto.suite, crypto.send_key):
            self._protect = Srtp(crypto.suite, crypto.send_key, self._protect)
        if was is None or (was.suite, was.receive_key) != (crypto.suite, crypto.receive_key):
            self._unprotect = Srtp(crypto.suite, crypto.receive_key, self._unprotect)

    async def close(self) -> None:
        """Stop sending and close the socket; what was received and sent stays readable."""
        if self._pacer:
            self._pacer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pacer
        if self._transport:
            self._transport.close()
        for utterance in self._speech:
            utterance.done.cancel()
        for digit in self._digits:
            digit.done.cancel()

    # ---- sending ----

    @property
    def rate(self) -> int:
        """Samples a second of what is sent."""
        return WIDE_RATE if self.wide else RATE

    def say(self, pcm: Pcm, rate: int = RATE) -> asyncio.Future[None]:
        """Queue samples; the future is done when the last has been sent."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._speech.append(_Utterance(resample(pcm, rate, self.rate), done))
        return done

    def press(self, digit: str, seconds: float = 0.12, in_band: bool = False) -> asyncio.Future[None]:
        """Press a key: RFC 4733 if the session has it and `in_band` is false, else as a tone."""
        if in_band or self._dtmf_payload is None:
            return self.say(np.concatenate([dtmf_tone(digit, seconds), np.zeros(RATE // 10, np.int16)]))
        event = _Digit(DTMF_DIGITS.index(digit), round(seconds * RATE), -1)
        self._digits.append(event)
        return event.done

    async def _pace(self) -> None:
        start = time.monotonic()
        self._sent_start_ns = time.monotonic_ns()
        tick = 0
        while True:
            late = time.monotonic() - (start + tick * FRAME_S)
            if late > CATCH_UP_S:
                missed = int(late / FRAME_S)
                self._sent.extend([_Frame(RATE, SILENCE)] * missed)
                self._timestamp += missed * FRAME
                tick += missed
            elif late < 0:
                await asyncio.sleep(-late)
                continue
            self._send_frame()
            tick += 1

    def _send_frame(self) -> None:
        if self._digits:
            self._send_event(self._digits[0])
            self._sent.append(_Frame(RATE, SILENCE))
        else:
            frame = self._next_speech()
            self._sent.append(_Frame(self.rate, frame))
            self._send(self._payload_type, self._timestamp, self._encode(frame))
        self._timestamp += FRAME

    def _encode(self, frame: Pcm) -> bytes:
        return self._coder.encode(G722, frame) if self.wide else g711.encode(frame, LAWS[self._codec])

    def _next_speech(self) -> Pcm:
        size = FRAME * self.rate // RATE
        frame = np.zeros(size, np.int16)
        filled = 0
        while filled < size and self._speech:
            utterance = self._speech[0]
            part = utterance.pcm[utterance.at : utterance.at + size - filled]
            frame[filled : filled + len(part)] = part
            filled += len(part)
            utterance.at += len(part)
            if utterance.at >= len(utterance.pcm):
                self._speech.popleft()
                if not utterance.done.done():
                    utterance.done.set_result(None)
        return frame

    def _send_event(self, digit: _Digit) -> None:
        assert self._dtmf_payload is not None
        first = digit.timestamp < 0
        if first:
            digit.timestamp = self._timestamp
        digit.elapsed = min(digit.elapsed + FRAME, digit.duration)
        ending = digit.elapsed == digit.duration
        payload = EVENT.pack(digit.number, EVENT_VOLUME | (EVENT_END if ending else 0), digit.elapsed)
        self._send(self._dtmf_payload, digit.timestamp, payload, marker=first)
        digit.ends_sent += ending
        if digit.ends_sent == EVENT_END_REPEATS:
            self._digits.popleft()
            if not digit.done.done():
                digit.done.set_result(None)

    def _send(self, payload_type: int, timestamp: int, payload: bytes, marker: bool = False) -> None:
        if self._transport and self._far:
            packet = Packet(payload_type, self._sequence, timestamp, self._ssrc, payload, marker)
            raw = packet.pack()
            self._transport.sendto(self._protect.protect(raw) if self._protect else raw, self._far)
        self._sequence += 1

    # ---- receiving ----

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Keep one packet (called by asyncio)."""
        now = time.monotonic_ns()
        rtcp = self._mux and is_rtcp(data)
        if self._unprotect:
            try:
                data = self._unprotect.unprotect(data, rtcp)
            except EngineError:
                self.unauthentic += 1
                return
        if rtcp:
            self._report_received(data)
            return
        packet = parse(data)
        if packet is not None:
            self._reception.note(packet.sequence)
        if packet is None:
            self.malformed += 1
        elif packet.payload_type == self._dtmf_payload:
            self._event_received(now, packet)
        elif packet.payload_type == COMFORT_NOISE:
            pass  # a pause, which is silence here
        elif packet.payload_type == self._payload_type or packet.payload_type in (*LAWS, G722):
            codec = self._codec if packet.payload_type == self._payload_type else packet.payload_type
            self.received.append(self._decode(now, packet, codec))
            self._arrival.set()
        else:
            self.malformed += 1

    def _report_received(self, data: bytes) -> None:
        self.reports_received += 1
        answer = self._reception.answer(data, self._ssrc)
        if answer and self._transport and self._far:
            self._transport.sendto(self._protect.protect(answer, rtcp=True) if self._protect else answer, self._far)

    def _decode(self, now: int, packet: Packet, codec: int) -> Received:
        if codec == G722:
            return Received(now, packet.timestamp, self._coder.decode(G722, packet.payload), WIDE_RATE)
        return Received(now, packet.timestamp, g711.decode(packet.payload, LAWS[codec]))

    def error_received(self, exc: Exception) -> None:
        """The far end's port is closed (ICMP); it may open yet, so go on."""

    def _event_received(self, now: int, packet: Packet) -> None:
        if len(packet.payload) < EVENT.size:
            self.malformed += 1
            return
        number = packet.payload[0]
        if number < len(DTMF_DIGITS) and packet.timestamp != self._last_event_timestamp:
            self._last_event_timestamp = packet.timestamp
            self.digits_received.append((now, DTMF_DIGITS[number]))

    async def packets_from(self, index: int) -> int:
        """Wait until more than `index` audio packets have come; returns how many there are."""
        while len(self.received) <= index:
            self._arrival.clear()
            await self._arrival.wait()
        return len(self.received)

    # ---- what was said and heard ----

    @property
    def sent(self) -> Take:
        """Everything sent as audio, silence and keys (as silence) included, from the first packet on, at 8 kHz."""
        return self.sent_at(RATE)

    def sent_at(self, rate: int) -> Take:
        """The same at 8 or 16 kHz, whatever was spoken."""
        parts = [
            resample(np.concatenate([frame.pcm for frame in frames]), own, rate)
            for own, frames in groupby(self._sent, lambda frame: frame.rate)
        ]
        return Take(self._sent_start_ns, np.concatenate(parts) if parts else np.zeros(0, np.int16), rate)

    @property
    def heard(self) -> Take:
        """Everything received, laid out by RTP timestamps from the first packet's arrival, at 8 kHz; gaps are silence."""
        return self.heard_at(RATE)

    def heard_at(self, rate: int) -> Take:
        """The same at 8 or 16 kHz, whatever was spoken."""
        if not self.received:
            return Take(0, np.zeros(0, np.int16), rate)
        first = self.received[0]
        placed = [(_signed(packet.timestamp - first.timestamp), packet) for packet in self.received]
        placed = [(at, packet) for at, packet in placed if 0 <= at < RATE * 7200]
        units = max(at + len(packet.pcm) * RATE // packet.rate for at, packet in placed)
        layers = [
            resample(_laid_out([(at, packet) for at, packet in placed if packet.rate == own], units, own), own, rate)
            for own in sorted({packet.rate for _, packet in placed})
        ]
        return Take(first.mono_ns, np.sum(layers, axis=0, dtype=np.int32).clip(-32768, 32767).astype(np.int16), rate)


def _laid_out(placed: Iterable[tuple[int, Received]], units: int, rate: int) -> Pcm:
    pcm = np.zeros(units * rate // RATE, np.int16)
    for at, packet in placed:
        start = at * rate // RATE
        pcm[start : start + len(packet.pcm)] = packet.pcm
    return pcm


def _signed(difference: int) -> int:
    difference &= 0xFFFFFFFF
    return difference - (1 << 32) if difference >= 1 << 31 else difference
