"""How often a handset restarted and why, as it says in its greeting; a session alone is no restart."""

from collections import Counter

from kinline.handsets import _link as wire
from kinline.handsets.session import Opened

_CAUSES = {
    wire.RESET_POWER_ON: "power",  # the chip cannot tell this from its reset pin, at which the external watchdog bites
    wire.RESET_WATCHDOG: "watchdog",
    wire.RESET_SOFT: "asked",
    wire.RESET_FAULT: "fault",
    wire.RESET_MEMORY: "memory",
    wire.RESET_UPDATE: "update",
}
OF_ITS_OWN = frozenset({"watchdog", "fault", "memory"})  # that nobody wanted, and power alone does not explain


def cause(reset: int) -> str:
    """The cause of a start, as the snapshot has it: a word for people and counters."""
    return _CAUSES.get(reset, "unknown")


class Restarts:
    """Of the handset at one port, since this began to look."""

    def __init__(self) -> None:
        self._boot: tuple[str, int] | None = None
        self.counts: Counter[str] = Counter()
        self.last = ""  # why it runs as it runs now, "" before it was ever in reach

    def opened(self, opened: Opened) -> str | None:
        """The cause if the handset has restarted since its last session. What came before the first one is not counted."""
        before, self._boot = self._boot, (opened.device, opened.boot)
        self.last = cause(opened.snapshot.reset)
        if before is None or before == self._boot:
            return None
        self.counts[self.last] += 1
        return self.last
