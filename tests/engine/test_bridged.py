"""A call between two RTP ends: each packet passes as it comes."""

import errno
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.bus import Bus, Source
from kinline_engine.engine import CallEvent, Codec, DtmfMethod, Engine, FarEnd, Play, RecordedCall, Side
from kinline_engine.errors import Busy, EngineError, Refused
from tests.engine.parties import FRAME8, Far, Pcm, Stage, correlation, speech, ulaw_decode, ulaw_encode
from tests.engine.recording import record
from tests.engine.test_digits import event_payload, tone
from tests.engine.test_recording import read

NEAR = speech(3, 8000, seed=1)
FAR = speech(3, 8000, seed=2)


class Bridge:
    """Two parties at their sockets and the call between them, in lockstep with the engine."""

    def __init__(self, privileged: bool = False, stall_ms: int = 60_000) -> None:
        self.bus = Bus()
        self.engine = Engine(self.bus, stall_ms=stall_ms)
        made = self.engine.create_privileged_bridged_call if privileged else self.engine.create_bridged_call
        self.call = made()
        self.near, self.far = Far(self.engine.rtp_port), Far(self.engine.rtp_port)
        self.call.set_near(self.near.end)
        self.call.set_far(self.far.end)

    def close(self) -> None:
        self.engine.close()
        self.bus.close()
        self.near.close()
        self.far.close()

    def talk(self, near: Pcm, far: Pcm) -> tuple[Pcm, Pcm]:
        """Both speak; what each heard."""
        heard_near, heard_far = [], []
        for at in range(0, len(near), FRAME8):
            self.near.say(near[at : at + FRAME8])
            self.far.say(far[at : at + FRAME8])
            heard_far.append(self.far.hear())
            heard_near.append(self.near.hear())
        return np.concatenate(heard_near), np.concatenate(heard_far)

    def events(self, kind: int) -> list[tuple[int, bytes]]:
        _ = self.engine.counters
        return [(e.code, e.data) for e in self.bus.poll() if (e.source, e.kind) == (Source.CALL, kind)]


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    bridge.close()


def as_coded(pcm: Pcm) -> Pcm:
    return ulaw_decode(ulaw_encode(pcm))


def test_open_gate_carries_each_packet_at_once_and_exactly(bridge: Bridge) -> None:
    bridge.call.gate(True)
    heard_near, heard_far = bridge.talk(NEAR, FAR)
    assert np.array_equal(heard_far, as_coded(NEAR)) and np.array_equal(heard_near, as_coded(FAR))
    counters = bridge.call.counters
    assert (counters.near.received, counters.near.sent, counters.far.received, counters.far.sent) == (150,) * 4
    assert counters.near_frames == 150 and counters.near.late == counters.far.lost == 0


def test_closed_gate_carries_not_one_sample(bridge: Bridge) -> None:
    for heard in bridge.talk(NEAR, FAR):
        assert not heard.any()
    bridge.call.gate(True)
    bridge.talk(NEAR[:8000], FAR[:8000])
    bridge.call.gate(False)
    for heard in bridge.talk(NEAR, FAR):
        assert not heard.any()


def test_codecs_may_differ(bridge: Bridge) -> None:
    end = bridge.far.end
    bridge.call.set_far(FarEnd(end.ip, end.port, Codec.PCMA, 8))
    bridge.call.gate(True)
    bridge.near.say(NEAR[:FRAME8])
    packet = bridge.far.receive()
    assert packet[1] & 0x7F == 8 and packet[12:] != ulaw_encode(NEAR[:FRAME8])


def test_loss_is_left_to_the_listener_who_sees_it(bridge: Bridge) -> None:
    bridge.call.gate(True)
    bridge.talk(NEAR[:1600], FAR[:1600])
    bridge.near.say(NEAR[:FRAME8])
    before = bridge.far.receive()
    for _ in range(2):
        bridge.near.packet(b"")  # never sent
        bridge.near.advance()
    bridge.near.say(NEAR[:FRAME8])
    after = bridge.far.receive()
    (first, first_stamp), (second, second_stamp) = (struct.unpack("!2xHI", packet[:8]) for packet in (before, after))
    assert (second - first) & 0xFFFF == 3 and (second_stamp - first_stamp) & 0xFFFFFFFF == 3 * FRAME8
    assert bridge.call.counters.near.lost == 2


def test_a_packet_behind_its_time_is_counted_and_a_moved_timeline_followed(bridge: Bridge) -> None:
    bridge.call.gate(True)
    bridge.talk(NEAR[:1600], FAR[:1600])
    stamp = bridge.near.timestamp
    bridge.near.send(bridge.near.packet(b"\xff" * FRAME8, timestamp=stamp - 800))
    _, heard_far = bridge.talk(NEAR[:1600], FAR[:1600])
    assert np.array_equal(heard_far, as_coded(NEAR[:1600])) and bridge.call.counters.near.late == 1
    bridge.near.timestamp = stamp - 4000
    for _ in range(8):
        bridge.near.say(NEAR[:FRAME8])
    assert np.array_equal(bridge.far.hear(), as_coded(NEAR[:FRAME8]))
    assert bridge.call.counters.near.late == 8


def test_what_has_been_heard_is_not_heard_again_however_late(bridge: Bridge) -> None:
    bridge.call.gate(True)
    sent = []
    for at in range(0, len(NEAR), FRAME8):
        sent.append(bridge.near.packet(ulaw_encode(NEAR[at : at + FRAME8])))
        bridge.near.advance()
        bridge.near.send(sent[-1])
        if len(sent) > 75:
            bridge.near.send(sent[-76])
        assert np.array_equal(bridge.far.hear(), as_coded(NEAR[at : at + FRAME8]))
    near = bridge.call.counters.near
    assert (near.duplicate, near.late, near.lost) == (len(sent) - 75, 0, 0)
    assert bridge.call.counters.far.sent == len(sent)


@pytest.mark.parametrize("ahead", [8000, 1 << 20, 1 << 31, -8000, -(1 << 20)])
def test_one_wild_timestamp_moves_no_timeline(bridge: Bridge, ahead: int) -> None:
    bridge.call.gate(True)
    bridge.talk(NEAR[:1600], FAR[:1600])
    bridge.near.send(bridge.near.packet(b"\xff" * FRAME8, timestamp=bridge.near.timestamp + ahead))
    _, heard_far = bridge.talk(NEAR[:1600], FAR[:1600])
    assert np.array_equal(heard_far, as_coded(NEAR[:1600])) and bridge.call.counters.near.late == 1
    bridge.near.timestamp += 1 << 20  # the next in order follows: the timeline has moved
    bridge.near.say(NEAR[:FRAME8])
    bridge.near.say(NEAR[FRAME8 : 2 * FRAME8])
    assert np.array_equal(bridge.far.hear(), as_coded(NEAR[FRAME8 : 2 * FRAME8]))


@pytest.mark.parametrize("samples", [80, 240, 480])
def test_other_packet_times_pass_whole(bridge: Bridge, samples: int) -> None:
    bridge.call.gate(True)
    heard = []
    for at in range(0, 4800, samples):
        bridge.near.say(NEAR[at : at + samples])
        got = 0
        while got < samples:
            heard.append(bridge.far.hear())
            got += len(heard[-1])
    assert np.array_equal(np.concatenate(heard), as_coded(NEAR[:4800]))


def test_digits_of_both_parties_are_told_with_their_side(bridge: Bridge) -> None:
    quiet = np.zeros(1600, np.int16)
    bridge.talk(np.concatenate([quiet, tone("5"), quiet]), np.concatenate([quiet, tone("9"), quiet]))
    bridge.near.send(bridge.near.packet(event_payload("7"), 101, marker=True))
    in_band = int(DtmfMethod.IN_BAND)
    assert sorted(bridge.events(CallEvent.DTMF)) == [
        (ord("5"), bytes([in_band, Side.NEAR])),
        (ord("7"), bytes([DtmfMethod.EVENT, Side.NEAR])),
        (ord("9"), bytes([in_band, Side.FAR])),
    ]


def test_each_party_is_on_its_own_channel(bridge: Bridge, tmp_path: Path) -> None:
    bridge.call.gate(True)
    record(bridge.call, tmp_path / "call.klr")
    bridge.talk(NEAR, FAR)
    bridge.call.record_stop()
    bridge.engine.close()
    left, right = read(tmp_path / "call.klr")
    assert np.array_equal(left, as_coded(NEAR)) and np.array_equal(right, as_coded(FAR))


def test_a_lost_packet_is_a_gap_in_the_recording_and_moves_nobody(bridge: Bridge, tmp_path: Path) -> None:
    bridge.call.gate(True)
    record(bridge.call, tmp_path / "call.klr")
    for i, at in enumerate(range(0, len(NEAR), FRAME8)):
        bridge.far.say(FAR[at : at + FRAME8])
        bridge.near.hear()
        if i % 10 == 5:
            bridge.near.packet(b"")
            bridge.near.advance()
        else:
            bridge.near.say(NEAR[at : at + FRAME8])
            bridge.far.hear()
    bridge.call.record_stop()
    bridge.engine.close()
    left, right = read(tmp_path / "call.klr")
    assert np.array_equal(right, as_coded(FAR))
    expected = as_coded(NEAR).reshape(-1, FRAME8).copy()
    expected[5::10] = 0
    assert np.array_equal(left, expected.reshape(-1))


def test_a_privileged_bridge_has_no_recorder(tmp_path: Path) -> None:
    bridge = Bridge(privileged=True)
    with pytest.raises(Refused):
        record(RecordedCall(bridge.engine, bridge.call.id), tmp_path / "never.klr")
    bridge.call.gate(True)
    heard_near, heard_far = bridge.talk(NEAR, FAR)
    assert correlation(NEAR, heard_far) >= 0.99 and correlation(FAR, heard_near) >= 0.99
    assert not list(tmp_path.iterdir())
    bridge.close()


def test_prompts_are_heard_over_silence_and_without_the_other_party() -> None:
    bridge = Bridge(stall_ms=40)
    prompt = speech(0.5, 16000, seed=3)
    clip = bridge.engine.load_clip(prompt.tobytes())
    bridge.call.play(Side.NEAR, [clip], Play.REPLACE, token=4)
    heard = np.concatenate([bridge.near.hear() for _ in range(25)])
    assert correlation(prompt[::2], heard) >= 0.95
    assert bridge.events(CallEvent.PLAYED) == [(4, b"")]
    bridge.close()


def test_ends_belong_to_one_leg_and_handsets_have_none(bridge: Bridge, stage: Stage) -> None:
    with pytest.raises(Busy, match="in use"):
        bridge.call.set_near(bridge.far.end)
    with pytest.raises(EngineError) as refused:
        stage.call.set_near(bridge.near.end)
    assert refused.value.errno == errno.EOPNOTSUPP
    bridge.call.clear_near()
    with pytest.raises(EngineError) as missing:
        bridge.call.play(Side.NEAR, [bridge.engine.load_clip(NEAR.tobytes())])
    assert missing.value.errno == errno.ENOTCONN
