"""Relates a handset's millisecond counter to the host's monotonic clock by regression over pings."""

from collections import deque
from dataclasses import dataclass

from kinline.handsets import _link as wire

SAMPLES = 240  # at one ping in 500 ms: the last 2 min, over which the counter's millisecond weighs 12 ppm
NEEDED = 2  # pongs before a grant may be given; the first already bounds the offset by half its round trip
SLOW_FACTOR = 3  # a round trip this much above the best says nothing about the clock
MAX_DRIFT = 200e-6  # crystals stay under 50 ppm each; a steeper slope is noise


@dataclass(frozen=True, slots=True)
class _Sample:
    host_ns: int  # middle of the round trip
    ticks_ms: int  # unwrapped
    round_trip_ns: int


class HandsetClock:
    """Never fed from retransmits: a pong answers exactly one numbered ping."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)

    @property
    def ready(self) -> bool:
        return len(self._samples) >= NEEDED

    @property
    def round_trip_ns(self) -> int:
        """The best round trip seen lately, 0 before the first."""
        return min((s.round_trip_ns for s in self._samples), default=0)

    def pong(self, sent_ns: int, received_ns: int, ticks: int) -> None:
        """One ping's answer: when it left and came back on the host, and the handset's counter between."""
        middle = (sent_ns + received_ns) // 2
        unwrapped = ticks
        if self._samples:
            unwrapped = self._nearest(ticks, self._samples[-1], middle)
        self._samples.append(_Sample(middle, unwrapped, received_ns - sent_ns))

    def ticks_at(self, host_ns: int) -> int:
        """The handset's counter (wrapped, as on the wire) at a host time."""
        anchor, slope = self._fit()
        return round(anchor.ticks_ms + (host_ns - anchor.host_ns) * slope) % wire.TICKS_PERIOD

    def host_ns_at(self, ticks: int) -> int:
        """The host time of a handset counter value, taken as the one nearest to the last ping."""
        anchor, slope = self._fit()
        return anchor.host_ns + round((self._nearest(ticks, anchor, anchor.host_ns) - anchor.ticks_ms) / slope)

    @staticmethod
    def _nearest(ticks: int, known: _Sample, host_ns: int) -> int:
        expected = known.ticks_ms + (host_ns - known.host_ns) // 1_000_000
        half = wire.TICKS_PERIOD // 2
        return expected + (ticks - expected + half) % wire.TICKS_PERIOD - half

    def _fit(self) -> tuple[_Sample, float]:
        """The sample with the best round trip, and ticks a nanosecond by least squares over the good ones."""
        if not self._samples:
            raise RuntimeError("the handset's clock has not been measured yet")
        best = min(self._samples, key=lambda s: s.round_trip_ns)
        good = [s for s in self._samples if s.round_trip_ns <= SLOW_FACTOR * best.round_trip_ns + 1_000_000]
        span = max(s.host_ns for s in good) - min(s.host_ns for s in good)
        if len(good) < 8 or span < 3_000_000_000:  # 1 ms of tick over less than 3 s is steeper than any crystal
            return best, 1e-6
        xs = [s.host_ns - best.host_ns for s in good]
        ys = [s.ticks_ms - best.ticks_ms for s in good]
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)
        bounded = min(max(slope, 1e-6 * (1 - MAX_DRIFT)), 1e-6 * (1 + MAX_DRIFT))
        return best, bounded
