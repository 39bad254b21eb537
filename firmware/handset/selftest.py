"""What a technician's self-test asks of the board: every sense pin, every key, and whether the relay is held."""

from handset import _board as board
from handset import loops

# In the order of the message; the loops' own, and the ear's level behind the mute relay.
PINS = (board.HOOK_SENSE, board.CORD_SENSE, board.CASE_SENSE, board.MAG_SENSE, board.RX_SENSE, board.VIN_MON)


def readings(millivolts, keys, held):
    """The fields of the answer: millivolts(gpio) reads one pin; the supply is told as it is before its divider."""
    volts = [millivolts(gpio) for gpio in PINS]
    volts[-1] = min(loops.supply_mv(volts[-1]), 0xFFFF)
    return tuple(volts) + (keys & 0xFFFF, int(held))
