"""Control messages that arrive once and in order: numbers, acknowledgements and repeats (go-back-N)."""

from handset import _link as wire
from handset import ticks

_QUEUE = 24  # a full minute of fast dialling waits here; more means that the host is not there


def following(number):
    """The message number after this one; 0 is never used."""
    return number % 0xFFFF + 1


class Sender:
    """transmit(kind, text) puts a frame on the wire; the text already opens with its number."""

    def __init__(self, transmit):
        self._transmit = transmit
        self.reset()

    def reset(self):
        """Forget everything: a new session begins."""
        self._queue = []
        self._flying = 0
        self._number = 0
        self._wait = wire.RETRANSMIT_MS
        self._tries = 0
        self._since = 0

    def send(self, kind, body, now):
        """Queue a message; False when the queue is full and the session is of no use any more."""
        if len(self._queue) == _QUEUE:
            return False
        self._number = following(self._number)
        text = bytearray(2 + len(body))
        text[0] = self._number & 0xFF
        text[1] = self._number >> 8
        text[2:] = body
        self._queue.append((kind, text, self._number))
        self._fill(now)
        return True

    def acknowledged(self, number, now):
        """Everything up to number has arrived."""
        for index in range(self._flying):
            if self._queue[index][2] == number:
                for _kind, text, _number in self._queue[: index + 1]:
                    _wipe(text)
                self._queue = self._queue[index + 1 :]
                self._flying -= index + 1
                self._wait = wire.RETRANSMIT_MS
                self._tries = 0
                self._since = now
                self._fill(now)
                return

    def poll(self, now):
        """Repeat what has waited too long; False when the tries are used up."""
        if not self._flying or ticks.diff(now, self._since) < self._wait:
            return True
        if self._tries == wire.RETRANSMIT_TRIES:
            return False
        self._tries += 1
        self._wait *= 2
        self._since = now
        for kind, text, _number in self._queue[: self._flying]:
            self._transmit(kind, text)
        return True

    def wipe(self):
        """Overwrite what was queued: it may hold dialled digits."""
        for _kind, text, _number in self._queue:
            _wipe(text)

    def _fill(self, now):
        if not self._flying:
            self._since = now
        while self._flying < min(len(self._queue), wire.WINDOW):
            kind, text, _number = self._queue[self._flying]
            self._flying += 1
            self._transmit(kind, text)


class Receiver:
    """Says which arriving number is the next one."""

    def __init__(self):
        self.last = 0

    def reset(self):
        self.last = 0

    def take(self, number):
        """True when the message is new and in order; the acknowledgement is always of self.last."""
        if number != following(self.last):
            return False
        self.last = number
        return True


def _wipe(text):
    for index in range(len(text)):
        text[index] = 0
