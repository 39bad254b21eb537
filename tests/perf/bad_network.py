"""Packets on a bad network, in virtual time: which are lost, when the others come, and what the jitter buffer makes of them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kinline_engine.audio import Coder, JitterBuffer, JitterCounters, Pcm, codec_rate

PACKET_NS = 20_000_000
UNITS = 160  # of 8 kHz in a packet


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet's number, and when it came."""

    index: int
    at_ns: int


def pattern(packets: int, loss: float, jitter_ms: float, seed: int, ppm: float = 0.0) -> list[Arrival]:
    """Independent loss, and a delay spread evenly over the jitter; ppm is how much slower the sender's clock is."""
    rng = random.Random(seed)
    arrivals = []
    for index in range(packets):
        lost, late = rng.random() < loss, rng.random() * jitter_ms * 1e6
        if not lost:
            arrivals.append(Arrival(index, round(index * PACKET_NS * (1 + ppm * 1e-6) + late)))
    return sorted(arrivals, key=lambda arrival: arrival.at_ns)


def payloads(codec: int, pcm: Pcm) -> list[bytes]:
    size = codec_rate(codec) // 50
    coder = Coder()
    return [coder.encode(codec, pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


@dataclass(frozen=True, slots=True)
class Moment:
    """After one pull."""

    at_s: float
    counters: JitterCounters
    pcm: Pcm
    real: bool


def played(codec: int, packets: Sequence[bytes], arrivals: Sequence[Arrival], phase_ns: int = 11_000_000) -> Iterator[Moment]:
    """Pulls 20 ms every 20 ms; the first so long after the first packet was sent."""
    rate = codec_rate(codec)
    buffer, waiting = JitterBuffer(rate=rate), 0
    for pull in range(len(packets)):
        now_ns = pull * PACKET_NS + phase_ns
        while waiting < len(arrivals) and arrivals[waiting].at_ns <= now_ns:
            arrival = arrivals[waiting]
            buffer.put(codec, arrival.index * UNITS, arrival.at_ns, packets[arrival.index])
            waiting += 1
        pcm, real = buffer.get(now_ns, rate // 50)
        yield Moment(now_ns / 1e9, buffer.counters, pcm, real)


def heard(codec: int, packets: Sequence[bytes], arrivals: Sequence[Arrival]) -> tuple[Pcm, JitterCounters]:
    """All that was played, and how the buffer fared."""
    moments = list(played(codec, packets, arrivals))
    return np.concatenate([moment.pcm for moment in moments]), moments[-1].counters
