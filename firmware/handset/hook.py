"""The hook behind its supervised loop: debounce, and cut or shorted wires told from a contact.

The cradle's reed is closed while the handset rests: a closed loop is on hook, an open contact is off hook.
"""

from handset import _board as board
from handset import _link as wire
from handset import ticks

SHORT = wire.WIRES_SHORT
CLOSED = wire.WIRES_CLOSED
OPEN = wire.WIRES_OPEN
CUT = wire.WIRES_CUT
STATES = ("short", "closed", "open", "cut")


def classify(millivolts):
    """What a supervised loop's voltage means."""
    if millivolts < board.LOOP_SHORT_BELOW_MV:
        return SHORT
    if millivolts < board.LOOP_CLOSED_BELOW_MV:
        return CLOSED
    return OPEN if millivolts < board.LOOP_OPEN_BELOW_MV else CUT


class Hook:
    """Settled state of the loop; a cut or shorted loop counts as on hook, so that tampering never opens a line."""

    def __init__(self):
        self.loop = CLOSED
        self.off_hook = False
        self._seen = CLOSED
        self._since = 0

    def sample(self, millivolts, now):
        """True when this sample settles a change of the loop's state."""
        seen = classify(millivolts)
        if seen != self._seen:
            self._seen = seen
            self._since = now
        elif seen != self.loop and ticks.diff(now, self._since) >= board.HOOK_DEBOUNCE_MS:
            self.loop = seen
            self.off_hook = seen == OPEN
            return True
        return False

    @property
    def trouble(self):
        """'cut' or 'short', or None on a sound loop."""
        return None if self.loop in (CLOSED, OPEN) else STATES[self.loop]
