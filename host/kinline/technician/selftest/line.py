"""The line's error rate: frames that the board sends back, counted for a minute."""

import secrets
import time
from dataclasses import dataclass

from kinline.handsets import _link as wire
from kinline.technician.selftest.bench import Bench, failed

SECONDS = 60.0
RATE_HZ = 25  # of frames of 200 bytes each way: a quarter of a call's bytes
MOST_LOST = 0.001
_FILLING = 200
_LAST_S = 1.0  # for what is still under way


@dataclass(frozen=True, slots=True)
class Count:
    sent: int
    back: int

    @property
    def lost(self) -> float:
        return 1 - self.back / self.sent if self.sent else 1.0


def count(bench: Bench, seconds: float) -> Count:
    """Send frames at a steady rate for so long, and count those that come back whole."""
    filling = secrets.token_bytes(_FILLING)
    bench.link.bounced.clear()
    sent = 0
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        bench.link.send_unreliable(wire.Bounce(sent & 0xFFFF, filling))
        sent += 1
        bench.link.until(lambda: time.monotonic() - begin >= sent / RATE_HZ, 1.0)  # noqa: B023 - asked within the turn
    bench.link.until(lambda: len(bench.link.bounced) >= sent, _LAST_S)
    back = {b.number for b in bench.link.bounced if b.filling == filling}
    return Count(sent, len(back))


def line(bench: Bench, seconds: float = SECONDS) -> str:
    """At most one frame in a thousand is lost. Raises Trouble."""
    counted = count(bench, seconds)
    if counted.lost > MOST_LOST:
        what = f"{counted.sent - counted.back} of {counted.sent} frames were lost"
        raise failed("line", what, "replace the cable, or halve its length")
    return f"{counted.sent - counted.back} of {counted.sent} frames lost"
