"""The mute relay and the charge pump that holds it, fed by edges of AUDIO_KEEPALIVE."""

from math import exp, log

from kinline_sim import _board as board

_PUMP_SHARE = 0.5  # of the missing charge that one edge brings: two edges do not yet operate the coil, three do
_TAU_S = board.RELAY_PUMP_TAU_MS / 1000
_MOST_EDGES = 64  # more edges in one step fill the pump no further


class Relay:
    """A normally open contact in the lines of microphone and receiver."""

    def __init__(self) -> None:
        self.closed = False
        self._charge = 0.0
        self.welded = False

    def step(self, edges: int, seconds: float) -> float | None:
        """Let time pass with so many edges spread over it, an edge at its end; how many seconds before that end the
        contact last moved, None when it did not."""
        pieces = max(1, min(edges, _MOST_EDGES))
        each = seconds / pieces
        decay = exp(-each / _TAU_S)
        moved = None
        for left in range(pieces, 0, -1):
            before = self._charge
            self._charge *= decay
            if self.closed and self._charge <= board.RELAY_RELEASE_FRACTION and not self.welded:
                self.closed = False
                moved = left * each - _TAU_S * log(max(1.0, before / board.RELAY_RELEASE_FRACTION))
            if edges:
                self._charge += (1.0 - self._charge) * _PUMP_SHARE
                if not self.closed and self._charge >= board.RELAY_OPERATE_FRACTION:
                    self.closed = True
                    moved = (left - 1) * each
        return moved
