"""Digits dialled for one collect: taken here, sent once, wiped."""

import struct

from handset import _link as wire
from handset import ticks

_CLEAR = ord("*")
_HEAD = 4  # collect, result and the length byte of the entry message


class Entry:
    """send(body) takes the finished entry message as a bytearray and overwrites it."""

    def __init__(self, send):
        self._send = send
        self._digits = bytearray(wire.FORMATS[wire.ENTRY][1][0])
        self._count = 0
        self.collecting = False
        self._collect = self._least = self._most = self._closing = self._first = self._gap = 0
        self._since = 0

    def start(self, now, collect, _kind, least, most, closing, first, gap):
        """Begin; a repeated collect goes on with what has been dialled."""
        if self.collecting and collect == self._collect:
            return
        self._wipe()
        self._collect = collect
        self._least = least
        self._most = min(most, len(self._digits))
        self._closing = closing
        self._first = first
        self._gap = gap
        self._since = now
        self.collecting = self._most > 0

    def key(self, code, now):
        """A key went down while collecting."""
        self._since = now
        if code == self._closing:
            if self._count >= self._least:
                self._finish(wire.ENTRY_COMPLETE)
        elif code == _CLEAR:
            self._wipe()
        elif 0x30 <= code <= 0x39:
            self._digits[self._count] = code
            self._count += 1
            # Nothing may follow it, whether a closing key was asked for or not.
            if self._count == self._most:
                self._finish(wire.ENTRY_COMPLETE)

    def poll(self, now):
        """Give up when the caller has paused for too long."""
        if self.collecting:
            patience = self._gap if self._count else self._first
            if patience and ticks.diff(now, self._since) >= patience:
                self._finish(wire.ENTRY_COMPLETE if self._count >= self._least > 0 else wire.ENTRY_TIMEOUT)

    def cancel(self, collect=None):
        """Forget this collect, or any."""
        if collect is None or collect == self._collect:
            self._wipe()
            self.collecting = False

    def _finish(self, result):
        self.collecting = False
        body = bytearray(_HEAD + self._count)
        struct.pack_into("<HBB", body, 0, self._collect, result, self._count)
        for index in range(self._count):
            body[_HEAD + index] = self._digits[index]
        self._wipe()
        self._send(body)

    def _wipe(self):
        for index in range(len(self._digits)):
            self._digits[index] = 0
        self._count = 0
