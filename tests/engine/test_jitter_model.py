"""G.711 and the jitter buffer held against models of their own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kinline_engine.audio import Coder, JitterBuffer, codec_rate
from kinline_engine.engine import Codec
from kinline_engine.errors import EngineError
from kinline_sim import g711
from kinline_sim.g711 import Law

LAWS: dict[Codec, Law] = {Codec.PCMU: "ulaw", Codec.PCMA: "alaw"}
PACKET, PULL_NS = 160, 20_000_000
JOIN = 80  # samples in which what is real takes over from what was made up


@pytest.mark.parametrize("codec", LAWS)
@given(samples=arrays(np.int16, st.integers(1, 400)))
def test_g711_is_that_of_the_reference(codec: Codec, samples: g711.Pcm) -> None:
    """The tables of kinline_sim come from the recommendation's closed forms, and take the nearest code,
    where the recommendation cuts between two segments at the end of the narrower one."""
    coder, law = Coder(), LAWS[codec]
    payload = coder.encode(codec, samples)
    assert np.array_equal(coder.decode(codec, payload), g711.decode(payload, law))
    ours = np.abs(g711.decode(payload, law).astype(int) - samples)
    nearest = np.abs(g711.decode(g711.encode(samples, law), law).astype(int) - samples)
    assert np.all(ours <= 2 * nearest + 16)


def payload_of(index: int) -> bytes:
    """Bytes that tell their place, none of them near silence."""
    return bytes((index * PACKET + k) * 7 % 96 for k in range(PACKET))


@settings(max_examples=60, deadline=None)
@given(
    lost=st.sets(st.integers(3, 59), max_size=12),
    late_ms=st.lists(st.integers(0, 15), min_size=60, max_size=60),
    codec=st.sampled_from(list(LAWS)),
)
def test_every_packet_in_time_is_played_once_at_its_place(lost: set[int], late_ms: list[int], codec: Codec) -> None:
    """The model: packet i sounds in pull i + 1, exactly, but for a join behind what was made up."""
    buffer = JitterBuffer()
    waiting = sorted((index * PULL_NS + ms * 1_000_000, index) for index, ms in enumerate(late_ms) if index not in lost)
    for pull in range(60):
        now_ns = pull * PULL_NS + 16_000_000
        while waiting and waiting[0][0] <= now_ns:
            at_ns, index = waiting.pop(0)
            buffer.put(codec, index * PACKET, at_ns, payload_of(index))
        pcm, real = buffer.get(now_ns, PACKET)
        due = pull - 1
        assert real == (due >= 0 and due not in lost)
        if real:
            joined = JOIN if due - 1 in lost or due == 0 else 0
            assert np.array_equal(pcm[joined:], g711.decode(payload_of(due), LAWS[codec])[joined:])
    counted = buffer.counters
    assert counted.concealed_samples == PACKET * (1 + len(lost - {59}))
    assert (counted.late, counted.shortened, counted.lengthened, counted.skipped_ms) == (0, 0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=400), st.integers(0, 60)), max_size=60))
def test_no_timestamp_disturbs_it(packets: list[tuple[int, bytes, int]]) -> None:
    buffer, now_ns = JitterBuffer(), 0
    for timestamp, payload, gap_ms in packets:
        now_ns += gap_ms * 1_000_000
        buffer.put(Codec.G722 if len(payload) % 2 else Codec.PCMA, timestamp, now_ns, payload)
        pcm, _ = buffer.get(now_ns, PACKET)
        assert len(pcm) == PACKET
    assert buffer.counters.delay_ms <= 1000


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(EngineError, match="codec 18"):
        codec_rate(18)
    with pytest.raises(ValueError, match="0 to 400 ms"):
        JitterBuffer(20, 500)
    with pytest.raises(EngineError, match="0 bytes"):
        JitterBuffer().put(Codec.PCMU, 0, 0, b"")
    with pytest.raises(EngineError, match="comfort noise"):
        JitterBuffer().put_quiet(0, b"\xff")
    with pytest.raises(EngineError, match="3 samples"):
        Coder().encode(Codec.G722, np.zeros(3, np.int16))
