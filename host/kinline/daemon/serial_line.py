"""Whether what comes in at a port is a handset's frames at all: at the wrong speed, bytes come and never make one."""

from dataclasses import dataclass

LOOK_S = 10.0
LEAST_BYTES = 40  # in a look: a hello each second is so many at least, however they are garbled


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes a second that belonged to no frame, and the share that they are of all, 0 to 1."""

    bytes_a_second: float
    share: float


class SerialLine:
    """Of one port, since it was opened. A handset that starts sends a ROM's greeting of some hundred bytes at another speed,
    once: only what goes on for two looks is told, and told once until frames come.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._frames = self._skipped = self._bytes = 0
        self._bad = 0
        self._told = False

    def due(self, now_s: float) -> bool:
        """Whether it is time for a look."""
        return now_s - self._at >= LOOK_S

    def look(self, now_s: float, frames: int, skipped: int, bytes_in: int) -> Garbage | None:
        """With the line's counters since it was opened; what is to be told."""
        seconds, self._at = now_s - self._at, now_s
        came, new, lost = bytes_in - self._bytes, frames - self._frames, skipped - self._skipped
        self._frames, self._skipped, self._bytes = frames, skipped, bytes_in
        if new:
            self._bad, self._told = 0, False
            return None
        self._bad = self._bad + 1 if lost >= LEAST_BYTES else 0
        if self._bad < 2 or self._told:
            return None
        self._told = True
        return Garbage(round(lost / seconds, 1), round(lost / max(came, lost), 3))
