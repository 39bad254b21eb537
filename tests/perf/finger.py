"""A key press whose first touch is known to the nanosecond."""

import time
from random import Random

from kinline_sim import contacts
from kinline_sim.hand import PRESS_S
from kinline_sim.world import World

_PAUSE_S = 0.07


def press(world: World, key: str, random: Random, hold_s: float = PRESS_S) -> int:
    """Press and release with bounce, and pause; returns the monotonic ns of the contact's first closing."""
    row, column = contacts.position(key)
    first = _change(world, row, column, contacts.bounce(random, True))
    time.sleep(hold_s)
    _change(world, row, column, contacts.bounce(random, False))
    # Of no fixed phase against the firmware's scan.
    time.sleep(_PAUSE_S + random.uniform(0, 0.01))
    return first


def _change(world: World, row: int, column: int, changes: list[tuple[float, bool]]) -> int:
    start = time.monotonic_ns()
    for after, closed in changes:
        time.sleep(max(0.0, after - (time.monotonic_ns() - start) / 1e9))
        world.set_contact(row, column, closed)
    return start
