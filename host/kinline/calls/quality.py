"""What a call's packets tell of how it was heard: loss, jitter, delay, and the scores that the E-model gives for them."""

from dataclasses import dataclass

from kinline.calls import e_model

# One way, beyond the network and our jitter buffer: until a packet is full; and a frame on the handset's link, with what
# its converters hold (tests/perf/delay.py measures the whole of that way).
PACKET_MS = 20.0
HANDSET_MS = 30.0
# What the far end's jitter buffer may have: it does not say. 40 ms is two packets.
THEIR_BUFFER_MS = 40.0


@dataclass(frozen=True, slots=True)
class Received:
    """Of the far end's packets, as they came: packets, but for the names that say otherwise."""

    arrived: int
    lost: int
    late: int
    jitter_ms: float
    buffer_ms: float
    round_trip_ms: float | None


@dataclass(frozen=True, slots=True)
class Reported:
    """Of our packets, as the far end's last report says."""

    sent: int
    lost: int
    jitter_ms: float


@dataclass(frozen=True, slots=True)
class Quality:
    """As it is kept with the record. Percentages are of the packets that were sent; None: nobody knows.

    `mos_caller` is how the caller heard, `mos_called` how the called party did. Both are on the scale of narrow-band talk,
    G.722 like G.711: the one of G.107.1 has another end, on which a clean call in G.711 comes out as 3.7, and records are
    to be compared. What wide band adds is not in the score. Lost packets of either are concealed by the same code.
    """

    codec: str
    srtp: str | None
    packets: int
    lost_percent: float
    late_percent: float
    jitter_ms: float
    buffer_ms: float
    round_trip_ms: float | None
    far_lost_percent: float | None
    far_jitter_ms: float | None
    mos_caller: float
    mos_called: float | None

    @property
    def grade(self) -> str:
        """G.109's word for how the caller heard."""
        return e_model.grade(e_model.rating(_one_way(self.round_trip_ms, self.buffer_ms), self.lost_percent + self.late_percent))


def judge(codec: str, srtp: str | None, received: Received, reported: Reported | None) -> Quality | None:
    """None when not a packet came, of which there is nothing to say."""
    expected = received.arrived + received.lost
    if received.arrived <= 0:
        return None
    lost, late = (100 * min(part, expected) / expected for part in (received.lost, received.late))
    late = min(late, 100 - lost)
    far_lost = 100 * min(reported.lost, reported.sent) / reported.sent if reported and reported.sent else None
    caller = e_model.rating(_one_way(received.round_trip_ms, received.buffer_ms), lost + late)
    called = None if far_lost is None else e_model.rating(_one_way(received.round_trip_ms, THEIR_BUFFER_MS), far_lost)
    return Quality(
        codec=codec,
        srtp=srtp,
        packets=received.arrived,
        lost_percent=round(lost, 2),
        late_percent=round(late, 2),
        jitter_ms=round(received.jitter_ms, 1),
        buffer_ms=round(received.buffer_ms, 1),
        round_trip_ms=None if received.round_trip_ms is None else round(received.round_trip_ms, 1),
        far_lost_percent=None if far_lost is None else round(far_lost, 2),
        far_jitter_ms=round(reported.jitter_ms, 1) if reported else None,
        mos_caller=round(e_model.mos(caller), 2),
        mos_called=None if called is None else round(e_model.mos(called), 2),
    )


def _one_way(round_trip_ms: float | None, buffer_ms: float) -> float:
    return (round_trip_ms or 0.0) / 2 + buffer_ms + PACKET_MS + HANDSET_MS
