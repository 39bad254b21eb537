"""The far leg under loss, jitter, reordering, hostile packets and silence."""

import random
import socket

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, FarEnd
from kinline_engine.errors import Busy, EngineError
from tests.engine.parties import FRAME8, FRAME16, Far, Handset, Pcm, Stage, correlation, found_again, speech, ulaw_encode

FAR = speech(4, 8000, seed=2)
QUIET16 = np.zeros(FRAME16, np.int16)


def packets(stage: Stage, pcm: Pcm) -> list[bytes]:
    out = []
    for at in range(0, len(pcm), FRAME8):
        out.append(stage.far.packet(ulaw_encode(pcm[at : at + FRAME8])))
        stage.far.advance()
    return out


def deliver(stage: Stage, arrivals: list[list[bytes]]) -> Pcm:
    """One list of packets a period; what the caller hears, at 8 kHz."""
    stage.heard_near = []
    for due in arrivals:
        for packet in due:
            stage.far.send(packet)
        stage.period(QUIET16, None)
    return np.concatenate(stage.heard_near)[::2]


def test_loss_is_counted_and_concealed(stage: Stage) -> None:
    stage.call.gate(True)
    rng = random.Random(5)
    stream = packets(stage, FAR)
    arrivals = [[packet] if i < 5 or rng.random() > 0.05 else [] for i, packet in enumerate(stream)]
    heard = deliver(stage, arrivals)
    assert correlation(FAR, heard) >= 0.9  # of noise, the lost twentieth cannot be guessed
    counters = stage.call.counters
    lost = sum(not due for due in arrivals)
    assert counters.far.lost == lost and counters.far.concealed_samples >= lost * FRAME8


def test_neighbours_swapped_and_doubled_are_put_right(stage: Stage) -> None:
    stage.call.gate(True)
    stream = packets(stage, FAR)
    for i in range(10, len(stream) - 1, 10):
        stream[i], stream[i + 1] = stream[i + 1], stream[i]
    heard = deliver(stage, [[packet, packet] if i % 25 == 24 else [packet] for i, packet in enumerate(stream)])
    assert correlation(FAR, heard) >= 0.95
    counters = stage.call.counters
    assert counters.far.lost == 0 and counters.far.reordered >= 15 and counters.far.duplicate == 8


def test_duplicates_seconds_late_disturb_nothing(stage: Stage) -> None:
    stage.call.gate(True)
    stream = packets(stage, FAR)
    heard = deliver(stage, [[packet, *stream[i - 90 : i - 89]] if i >= 90 else [packet] for i, packet in enumerate(stream)])
    assert correlation(FAR, heard) >= 0.95
    far = stage.call.counters.far
    assert (far.duplicate, far.late, far.lost) == (len(stream) - 90, 0, 0) and far.concealed_samples <= 2 * FRAME16


def test_jitter_deepens_the_buffer_and_calm_makes_it_shallow_again(stage: Stage) -> None:
    stage.call.gate(True)
    rng = random.Random(6)
    stream = packets(stage, np.concatenate([FAR] * 8))
    arrivals: list[list[bytes]] = [[] for _ in range(len(stream) + 5)]
    for i, packet in enumerate(stream):
        arrivals[i + (rng.choice((0, 0, 1, 2, 3)) if 20 <= i < 200 else 0)].append(packet)
    deliver(stage, arrivals[:200])
    deep = stage.call.counters
    assert 40 <= deep.far.delay_ms <= 120 and deep.far.late > 0 and deep.far.jitter_us > 5000
    late = deep.far.late
    heard = deliver(stage, arrivals[200:])
    calm = stage.call.counters
    assert calm.far.delay_ms <= 40 and calm.far.late <= late + 3
    assert correlation(np.concatenate([FAR] * 2), heard[-2 * len(FAR) :]) >= 0.95


def test_a_burst_after_a_stall_is_caught_up(stage: Stage) -> None:
    stage.call.gate(True)
    stream = packets(stage, np.concatenate([FAR, FAR, FAR]))
    deliver(stage, [[p] for p in stream[:100]])
    deliver(stage, [[] for _ in range(25)] + [stream[100:126]])
    heard = deliver(stage, [[p] for p in stream[126:]])
    # A quarter of a second that was made shorter, on the way back to a shallow buffer, matches in part only.
    assert found_again(FAR, heard[-len(FAR) - FRAME8 * 10 :], 2000) >= 0.85
    assert stage.call.counters.far.delay_ms <= 120


def test_sequence_and_timestamp_wrap(stage: Stage) -> None:
    stage.call.gate(True)
    stage.far.sequence, stage.far.timestamp = 0xFFFF - 50, (1 << 32) - 50 * FRAME8
    heard = deliver(stage, [[p] for p in packets(stage, FAR)])
    assert correlation(FAR, heard) >= 0.95
    counters = stage.call.counters
    assert (counters.far.lost, counters.far.late, counters.far.reordered) == (0, 0, 0)


def test_a_new_source_identifier_starts_a_new_timeline(stage: Stage) -> None:
    stage.call.gate(True)
    deliver(stage, [[p] for p in packets(stage, FAR)])
    stage.far.ssrc, stage.far.sequence, stage.far.timestamp = 99, 7, 0x7FFFFFF0
    heard = deliver(stage, [[p] for p in packets(stage, FAR)])
    assert correlation(FAR, heard) >= 0.95
    assert stage.call.counters.far.lost == 0


def test_a_timeline_that_jumps_is_followed(stage: Stage) -> None:
    stage.call.gate(True)
    deliver(stage, [[p] for p in packets(stage, FAR[:8000])])
    stage.far.timestamp -= 3000
    heard = deliver(stage, [[p] for p in packets(stage, FAR)])
    assert correlation(FAR[FRAME8 * 10 :], heard) >= 0.9


def test_far_silence_is_told_once_and_its_end_too(stage: Stage) -> None:
    stage.call.gate(True)
    stage.silence(0.1)
    stage.handset.send(0x22, b"x")  # keeps nothing alive: only RTP counts
    assert stage.wait(Source.CALL, CallEvent.RTP_SILENT).id == stage.call.id
    assert not stage.silence(0.02)[0].any()
    stage.wait(Source.CALL, CallEvent.RTP_RESUMED)
    assert [e.kind for e in stage.drain() if e.source == Source.CALL] == []


def test_garbage_and_strangers_are_counted(stage: Stage) -> None:
    stage.call.gate(True)
    stage.silence(0.1)
    for garbage in (b"", b"\x80", b"\x00" * 40, b"\x90" + b"\xff" * 13, b"\xa0" + b"\xff" * 20):
        stage.far.send(garbage)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(stage.far.packet(b"\x00" * 160), stage.far.to)
    stage.far.send(stage.far.packet(b"\x00" * 160, 96))
    stage.far.send(stage.far.packet(b"\x00" * 1400))
    stage.silence(0.1)
    engine = stage.engine.counters
    assert (engine.rtp_malformed, engine.rtp_unknown_source) == (5, 1)
    assert stage.call.counters.far.unwanted == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_packet_stops_the_call(garbage: list[bytes]) -> None:
    with Stage() as stage:
        stage.call.gate(True)
        for data in garbage:
            stage.far.send(data)
        stage.silence(0.1)


def test_one_address_is_one_call(stage: Stage) -> None:
    other = Handset()
    second = stage.engine.create_call(stage.engine.open_link(other.host_fd))
    with pytest.raises(Busy, match="in use"):
        second.set_far(stage.far.end)
    stage.call.clear_far()
    second.set_far(stage.far.end)
    other.close()


def test_a_changed_far_end_takes_over(stage: Stage) -> None:
    stage.call.gate(True)
    stage.silence(0.1)
    old, stage.far = stage.far, Far(stage.engine.rtp_port)
    stage.call.set_far(stage.far.end)
    heard, _ = stage.talk(np.repeat(FAR, 2), FAR)
    assert correlation(FAR, heard[::2]) >= 0.95
    old.say(FAR[:FRAME8])
    stage.silence(0.1)
    assert stage.engine.counters.rtp_unknown_source == 1
    old.close()


@pytest.mark.parametrize("far", [FarEnd("not-an-address", 4000), FarEnd("127.0.0.1", 0)])
def test_impossible_far_ends_are_refused(stage: Stage, far: FarEnd) -> None:
    with pytest.raises(EngineError, match="far end"):
        stage.call.set_far(far)
