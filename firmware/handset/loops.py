"""What else tells of tampering: cord and case behind their supervised loops, a foreign magnet, the wall's supply.

The hook's own loop is hook.py's; its state arrives here with each look, since the cradle's magnet moves with the handset.
"""

from handset import _board as board
from handset import _link as wire
from handset.hook import CLOSED, OPEN, classify

_CORD = 0
_CASE = 1
_MAGNET = 2
_SUPPLY = 3
# In the order of the looks; one conversion each, so that none delays a scan of the keypad.
PINS = (board.CORD_SENSE, board.CASE_SENSE, board.MAG_SENSE, board.VIN_MON)


def magnet_state(millivolts, hook):
    """Whether the field is that of the handset where the hook says it is; unknown while the hook is cut or shorted."""
    if hook == CLOSED:
        expected = board.MAGNET_RESTING_MV
    elif hook == OPEN:
        expected = board.MAGNET_LIFTED_MV
    else:
        return wire.MAGNET_UNKNOWN
    return wire.MAGNET_OWN if abs(millivolts - expected) <= board.MAGNET_TOLERANCE_MV else wire.MAGNET_FOREIGN


def supply_mv(millivolts):
    """The wall's supply from what is read behind its divider."""
    return millivolts * board.SUPPLY_DIVIDER // 1000


def supply_state(millivolts):
    supply = supply_mv(millivolts)
    if supply < board.SUPPLY_LEAST_MV:
        return wire.SUPPLY_LOW
    return wire.SUPPLY_HIGH if supply > board.SUPPLY_MOST_MV else wire.SUPPLY_GOOD


class Loops:
    """Settled states. look(millivolts, hook) is given one reading at a time, in the order of PINS."""

    def __init__(self):
        self.states = [CLOSED, CLOSED, wire.MAGNET_UNKNOWN, wire.SUPPLY_GOOD]
        self._seen = list(self.states)
        self._equal = [0, 0, 0, 0]
        self.supply = 0
        self.next = 0

    def look(self, millivolts, hook):
        """True when this reading settles a change of any state."""
        index = self.next
        self.next = (index + 1) % len(PINS)
        if index == _MAGNET:
            state = magnet_state(millivolts, hook)
        elif index == _SUPPLY:
            self.supply = supply_mv(millivolts)
            state = supply_state(millivolts)
        else:
            state = classify(millivolts)
        if state != self._seen[index]:
            self._seen[index] = state
            self._equal[index] = 1
            return False
        if state == self.states[index]:
            return False
        self._equal[index] += 1
        if self._equal[index] < board.LOOP_SETTLE_LOOKS:
            return False
        self.states[index] = state
        return True

    def fields(self, hook):
        """The body of the message that tells them."""
        cord, case, magnet, supply = self.states
        return hook, cord, case, magnet, supply, min(self.supply, 0xFFFF)

    def trouble(self, hook):
        """Whether anything is not as it should be."""
        cord, case, magnet, supply = self.states
        return (
            hook not in (CLOSED, OPEN)
            or cord != CLOSED
            or case != CLOSED
            or magnet == wire.MAGNET_FOREIGN
            or supply != wire.SUPPLY_GOOD
        )
