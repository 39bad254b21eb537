"""Slows down whoever guesses at tokens."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FREE_MISSES = 5
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
# Forgotten after this, or when so many others have missed since.
MEMORY = timedelta(minutes=15)
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class _Row:
    misses: int
    last: datetime


@dataclass
class Throttle:
    """Counts misses by who missed; after five, each one costs a pause twice as long as the last, up to five minutes.

    During the pause nothing is looked at, so that not even a right guess is told from a wrong one.
    """

    _rows: OrderedDict[str, _Row] = field(default_factory=OrderedDict)

    def pause(self, who: str, at: datetime) -> timedelta:
        """How long `who` has to wait before trying again; zero if they may."""
        row = self._rows.get(who)
        if row is None or row.misses < FREE_MISSES:
            return timedelta()
        until = row.last + min(FIRST_PAUSE * (1 << min(row.misses - FREE_MISSES, 10)), LONGEST_PAUSE)
        return max(until - at, timedelta())

    def missed(self, who: str, at: datetime) -> None:
        row = self._rows.pop(who, None)
        if row is None or at - row.last > MEMORY:
            row = _Row(0, at)
        row.misses, row.last = row.misses + 1, at
        self._rows[who] = row
        while len(self._rows) > MOST_REMEMBERED:
            self._rows.popitem(last=False)

    def succeeded(self, who: str) -> None:
        self._rows.pop(who, None)
