"""The last things that happened, in bounded memory; never a digit, never a key."""

_MOST = 32
_LONGEST = 60


class Ring:
    def __init__(self, clock):
        self._clock = clock
        self._lines = []

    def note(self, text):
        """Add one event, stamped with the handset's clock."""
        if len(self._lines) == _MOST:
            self._lines.pop(0)
        self._lines.append("%d %s" % (self._clock(), text[:_LONGEST]))

    def pieces(self, size):
        """The ring, oldest first, in pieces of whole lines of at most size bytes."""
        piece = ""
        for line in self._lines:
            if piece and len(piece) + 1 + len(line) > size:
                yield piece
                piece = ""
            piece = piece + "\n" + line if piece else line
        if piece:
            yield piece
