"""Reliable control messages over a link that loses frames: numbered, in order, once, bounded."""

import struct
from collections import deque
from dataclasses import dataclass

from kinline.handsets import _link as wire

_MS = 1_000_000
_NUMBERS = 0xFFFF  # 1..65535; 0 means "nothing yet"
BACKLOG = 64  # messages waiting behind the window; a link that far behind is dead


def following(number: int) -> int:
    """The reliable number after this one; 0 is never used."""
    return number % _NUMBERS + 1


class LinkDead(Exception):
    """The peer acknowledged nothing through every retransmission, or the backlog is full."""


@dataclass(slots=True)
class _Pending:
    number: int
    kind: int
    payload: bytes
    due_ns: int
    tries: int = 0


class Arq:
    """One side's numbering, for one session. Payloads in and out start with the 16-bit number."""

    def __init__(self) -> None:
        self._last_sent = 0
        self._last_received = 0
        self._window: deque[_Pending] = deque()
        self._backlog: deque[tuple[int, bytes]] = deque()
        self.retransmits = 0
        self.duplicates = 0

    @property
    def last_received(self) -> int:
        """What to acknowledge: every message up to this number has been delivered."""
        return self._last_received

    def send(self, kind: int, body: bytes, now_ns: int) -> list[tuple[int, bytes]]:
        """Queue one message; returns the (type, payload) pairs to transmit now. Raises LinkDead on a full backlog."""
        if len(self._backlog) >= BACKLOG:
            raise LinkDead(f"{BACKLOG} control messages wait for acknowledgement")
        self._backlog.append((kind, body))
        return self._fill(now_ns)

    def acknowledged(self, number: int, now_ns: int) -> list[tuple[int, bytes]]:
        """The peer has everything up to number; returns what the freed window lets go."""
        if not self._window or not number:
            return []
        covered = (number - self._window[0].number) % _NUMBERS + 1
        if covered > len(self._window):
            return []
        for _ in range(covered):
            self._window.popleft()
        for pending in self._window:  # the peer hears us: what it has not had yet starts its patience afresh
            pending.tries, pending.due_ns = 0, now_ns + wire.RETRANSMIT_MS * _MS
        return self._fill(now_ns)

    def received(self, payload: bytes) -> bytes | None:
        """The body when this is the next message in order, None when it is a repeat or too early."""
        if len(payload) < 2:
            raise wire.WireError(f"reliable message: {len(payload)} bytes, at least 2 needed")
        (number,) = struct.unpack_from("<H", payload)
        if number != following(self._last_received):
            self.duplicates += 1
            return None
        self._last_received = number
        return payload[2:]

    def due(self, now_ns: int) -> list[tuple[int, bytes]]:
        """What must be sent again by now. Raises LinkDead when the oldest message has had its tries."""
        if not self._window or self._window[0].due_ns > now_ns:
            return []
        if self._window[0].tries >= wire.RETRANSMIT_TRIES:
            raise LinkDead(f"no acknowledgement after {wire.RETRANSMIT_TRIES} retransmissions")
        for pending in self._window:
            pending.tries += 1
            pending.due_ns = now_ns + (wire.RETRANSMIT_MS << pending.tries) * _MS
        self.retransmits += len(self._window)
        return [(pending.kind, pending.payload) for pending in self._window]

    def _fill(self, now_ns: int) -> list[tuple[int, bytes]]:
        ready: list[tuple[int, bytes]] = []
        while self._backlog and len(self._window) < wire.WINDOW:
            kind, body = self._backlog.popleft()
            self._last_sent = following(self._last_sent)
            payload = struct.pack("<H", self._last_sent) + body
            self._window.append(_Pending(self._last_sent, kind, payload, now_ns + wire.RETRANSMIT_MS * _MS))
            ready.append((kind, payload))
        return ready
