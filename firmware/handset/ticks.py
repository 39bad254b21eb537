"""Arithmetic on the millisecond clock, which wraps at 2**30 as MicroPython's ticks_ms does on the ESP32."""

from handset._link import TICKS_PERIOD

MASK = TICKS_PERIOD - 1
HALF = TICKS_PERIOD >> 1
LONGEST_MS = HALF - 1  # the longest span that diff() tells from its opposite: six days


def add(ticks, ms):
    """The time ms after ticks."""
    return (ticks + ms) & MASK


def diff(later, earlier):
    """Signed milliseconds from earlier to later; right while they lie less than six days apart."""
    span = (later - earlier) & MASK
    # The period itself is no small integer on a 32-bit port: subtract its halves, so that nothing is allocated.
    return span - HALF - HALF if span & HALF else span
