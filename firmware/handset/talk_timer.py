"""The clock that nobody outside the handset can hold open: grants, and the keep-alive that closes the mute relay."""

from handset import _board as board
from handset import ticks

NONE = 0
LISTEN = 1
TALK = 2

_IDLE_MS = 40  # how late a first grant may close the relay


class Grant:
    """What may sound, until when, on the handset's own clock."""

    def __init__(self):
        self.kind = NONE
        self.call = 0
        self._start = 0
        self._until = 0
        self._talked = 0
        self._rest_from = None

    def listen(self, now, limit):
        """The receiver may sound for so long; a running talk is not touched."""
        if self.kind != TALK:
            self.kind = LISTEN
            self._start = now
            self._until = ticks.add(now, min(limit, ticks.LONGEST_MS))

    def talk(self, now, call, deadline, limit):
        """Open a talk; True when this is a call not granted before.

        A repeated grant may bring the end nearer, never put it off. Six days are the longest that the clock can tell.
        """
        left = min(ticks.diff(deadline & ticks.MASK, now), limit, ticks.LONGEST_MS)
        if call == self.call:
            if self.kind == TALK and left < self.left(now):
                self._until = ticks.add(now, max(left, 0))
            return False
        self.kind = TALK
        self.call = call
        self._talked = 0
        self._start = now
        self._until = ticks.add(now, max(left, 0))
        return True

    def left(self, now):
        return ticks.diff(self._until, now)

    def expired(self, now):
        return self.kind != NONE and self.left(now) <= 0

    def talked(self, now):
        """Milliseconds of the current talk, or of the last one."""
        return ticks.diff(now, self._start) if self.kind == TALK else self._talked

    def stop(self, now):
        """End whatever runs."""
        if self.kind == TALK:
            self._talked = ticks.diff(now, self._start)
            self._rest_from = now
        self.kind = NONE

    def sounds(self, now):
        """Whether the relay is to be held. It falls after every talk, also when a prompt follows at once."""
        if self._rest_from is not None and ticks.diff(now, self._rest_from) >= board.RELAY_REST_MS:
            self._rest_from = None
        return self.kind != NONE and self._rest_from is None


async def run(grant, session, pin, clock, pace, beat):
    """Toggle the keep-alive while a grant runs, and end the grant on time. Nothing else may touch this pin:
    when this task dies or hangs, the relay opens by itself."""
    level = 0
    while True:
        beat()
        now = clock()
        if grant.expired(now):
            session.expire(now)
        if grant.sounds(now):
            level ^= 1
            pin.value(level)
        elif level:
            level = 0
            pin.value(0)
        await pace(board.RELAY_TOGGLE_MS if grant.kind != NONE else _IDLE_MS)
