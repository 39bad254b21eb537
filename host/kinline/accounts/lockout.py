"""How guessing at PINs is slowed, without letting a neighbor shut somebody out.

Wrong PINs are counted in three places, and each count locks for a time of its own:

- the telephone: three wrong PINs in a row, whoever they were meant for;
- one inmate at one telephone: three, so that going on with one's own PIN in between does not help against another's;
- one inmate at all telephones: ten, so that walking from telephone to telephone does not help either. This lock is the
  one that a neighbor could use against somebody, so it stays short; the pairs keep the long ones.

A right PIN forgives the telephone's wrong ones, which mostly were the same person's typing. But it forgives only a few
a day: otherwise one's own PIN would buy two free guesses each time, and in PIN-only mode each guess is at everyone.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# After a day without a lock the next one is short again.
LEVEL_MEMORY = timedelta(days=1)
FORGIVEN_A_DAY = 6


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """How many misses lock, for how long at first, and at most; each further lock is twice as long."""

    misses: int
    first: timedelta
    longest: timedelta

    def span(self, level: int) -> timedelta:
        # 2**6 minutes already pass the longest lock; the bound keeps the number small however long one tries.
        return min(self.first * (1 << min(level, 6)), self.longest)


TELEPHONE = LockPolicy(misses=3, first=timedelta(minutes=1), longest=timedelta(hours=1))
PAIR = LockPolicy(misses=3, first=timedelta(minutes=1), longest=timedelta(hours=1))
INMATE = LockPolicy(misses=10, first=timedelta(minutes=1), longest=timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Lockout:
    """A count of wrong PINs in a row, and the lock that they led to."""

    misses: int = 0
    level: int = 0
    locked_until: datetime | None = None

    def locked(self, at: datetime) -> bool:
        return self.locked_until is not None and at < self.locked_until

    def missed(self, at: datetime, policy: LockPolicy = TELEPHONE) -> "Lockout":
        """After one wrong PIN. While it is locked no PIN is looked at, so misses are not counted then."""
        if self.locked(at):
            return self
        if self.misses + 1 < policy.misses:
            return replace(self, misses=self.misses + 1)
        rested = self.locked_until is None or at - self.locked_until >= LEVEL_MEMORY
        level = 0 if rested else self.level + 1
        return Lockout(misses=0, level=level, locked_until=at + policy.span(level))

    def succeeded(self, forgiven: int | None = None) -> "Lockout":
        """After a right PIN: the row of misses ends, or loses `forgiven`; the memory of earlier locks stays."""
        return replace(self, misses=0 if forgiven is None else max(0, self.misses - forgiven))


@dataclass(frozen=True, slots=True)
class Forgiveness:
    """How many of a telephone's misses one inmate's right PINs have forgiven in the day that began at `since`."""

    used: int = 0
    since: datetime | None = None

    def forgive(self, misses: int, at: datetime) -> tuple[int, "Forgiveness"]:
        """How many of `misses` are forgiven now, and what is left for the rest of the day."""
        fresh = self.since is None or at - self.since >= timedelta(days=1) or at < self.since
        used, since = (0, at) if fresh else (self.used, self.since)
        forgiven = min(misses, FORGIVEN_A_DAY - used)
        return forgiven, Forgiveness(used + forgiven, since)
