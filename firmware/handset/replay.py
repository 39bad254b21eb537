"""Which sequence numbers of a session have been seen."""

from handset._link import REPLAY_WINDOW

_SEEN = (1 << REPLAY_WINDOW) - 1


class ReplayWindow:
    """Bit n of the map stands for the sequence n + 1 behind the newest."""

    def __init__(self):
        self.newest = 0
        self._behind = 0

    def fresh(self, sequence):
        """Whether a frame of this sequence may still be accepted."""
        age = self.newest - sequence
        if sequence == 0:
            return False
        if age < 0:
            return True
        if age == 0 or age > REPLAY_WINDOW:
            return False
        return not self._behind >> (age - 1) & 1

    def mark(self, sequence):
        """Remember an authenticated sequence; call only after fresh()."""
        ahead = sequence - self.newest
        if ahead <= 0:
            self._behind |= 1 << (-ahead - 1)
            return
        if ahead > REPLAY_WINDOW:
            self._behind = 0
        else:
            # Shift what is kept and no more, so that the map stays a small integer.
            kept = self._behind & (_SEEN >> ahead)
            self._behind = kept << ahead | 1 << (ahead - 1)
        self.newest = sequence
