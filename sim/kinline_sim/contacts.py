"""Contacts: bounce, and the ghosts of a key matrix without diodes."""

from collections.abc import Iterable
from random import Random

from kinline_sim import _board as board

_BOUNCE_S = 0.004  # metal domes settle within 5 ms; the reed of the hook in much the same time
_HOOK_BOUNCE_S = 0.018  # a handset dropped into its cradle


def position(key: str) -> tuple[int, int]:
    """Row and column of a key; ValueError names the keys there are."""
    for row, line in enumerate(board.KEYS):
        if key in line and len(key) == 1:
            return row, line.index(key)
    raise ValueError(f"no key {key!r} on this keypad: {' '.join(board.KEYS)}")


def row_masks(closed: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """For each row, the columns that are low while that row is driven low: everything its contacts reach."""
    contacts = set(closed)
    masks = []
    for driven in range(len(board.ROWS)):
        rows, columns = {driven}, set[int]()
        grown = True
        while grown:
            reached = {c for r, c in contacts if r in rows}
            joined = rows | {r for r, c in contacts if c in reached}
            grown = reached != columns or joined != rows
            rows, columns = joined, reached
        masks.append(sum(1 << column for column in columns))
    return tuple(masks)


def bounce(random: Random, closing: bool, longest_s: float = _BOUNCE_S) -> list[tuple[float, bool]]:
    """Seconds after the touch and state of the contact at each change, the settled one last."""
    changes = [(0.0, closing)]
    at = 0.0
    for _ in range(random.randrange(3)):
        at += random.uniform(0.0002, longest_s / 5)
        changes.append((at, not closing))
        at += random.uniform(0.0002, longest_s / 5)
        changes.append((at, closing))
    return changes


def hook_bounce(random: Random, closing: bool) -> list[tuple[float, bool]]:
    return bounce(random, closing, _HOOK_BOUNCE_S)


def loop_millivolts(contact_closed: bool, wires: str = "whole") -> int:
    """Volts at the sense pin of a supervised loop; wires are whole, cut or short."""
    if wires == "cut":
        return board.LOOP_SUPPLY_MV
    if wires == "short":
        return 0
    ohm = board.LOOP_SERIES_OHM + (0 if contact_closed else board.LOOP_CONTACT_OHM)
    return round(board.LOOP_SUPPLY_MV * ohm / (ohm + board.LOOP_PULL_UP_OHM))
