"""The mute relay and the charge pump that holds it, fed by edges of AUDIO_KEEPALIVE."""

from math import exp

from kinline_sim import _board as board

_PUMP_SHARE = 0.5  # of the missing charge that one edge brings: two edges do not yet operate the coil, three do
_MOST_EDGES = 64  # more edges in one step fill the pump no further


class Relay:
    """A normally open contact in the lines of microphone and receiver."""

    def __init__(self) -> None:
        self.closed = False
        self._charge = 0.0
        self.welded = False

    def step(self, edges: int, seconds: float) -> bool:
        """Let time pass with so many edges spread over it; True when the contact moved."""
        pieces = max(1, min(edges, _MOST_EDGES))
        decay = exp(-seconds * 1000 / pieces / board.RELAY_PUMP_TAU_MS)
        for _ in range(pieces):
            self._charge *= decay
            if edges:
                self._charge += (1.0 - self._charge) * _PUMP_SHARE
        was = self.closed
        if self._charge >= board.RELAY_OPERATE_FRACTION:
            self.closed = True
        elif self._charge <= board.RELAY_RELEASE_FRACTION and not self.welded:
            self.closed = False
        return self.closed != was
