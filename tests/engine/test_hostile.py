"""Far ends that misbehave: counted, told once, survived, and not heard by the other calls."""

import contextlib
import os
import random
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, Side
from tests.engine.parties import FRAME8, PATIENCE, Far, Handset, speech, ulaw_encode
from tests.engine.test_bridged import Bridge, as_coded
from tests.engine.test_digits import event_payload

NEAR = speech(3, 8000, seed=1)
FAR = speech(3, 8000, seed=2)
PACE_S = 0.0005  # what sends as fast as it can floods: the engine takes 64 packets of a side in 5 ms (rtp_leg.c)
TROUBLE = 3000  # packets in one burst, which the socket's buffer holds beside the talk of the others


class TwoCalls(Bridge):
    """A call whose near end is hostile, and another on the same engine that must not notice."""

    def __init__(self) -> None:
        super().__init__()
        self.hostile = Far(self.engine.rtp_port)
        self.victim = Far(self.engine.rtp_port)
        self.bad_call = self.engine.create_bridged_call()
        self.bad_call.set_near(self.hostile.end)
        self.bad_call.set_far(self.victim.end)
        self.bad_call.gate(True)
        self.call.gate(True)

    def close(self) -> None:
        self.hostile.close()
        self.victim.close()
        super().close()

    def attack(self, packets: list[bytes]) -> None:
        """All at once, while the other call talks; not a sample of that may be missing or late."""
        share = len(packets) // 10
        for i in range(10):
            for packet in packets[i * share : (i + 1) * share]:
                self.hostile.send(packet)
            said = slice(i * 2400, (i + 1) * 2400)
            heard_near, heard_far = self.talk(NEAR[said], FAR[said])
            assert np.array_equal(heard_far, as_coded(NEAR[said])) and np.array_equal(heard_near, as_coded(FAR[said]))
        counters = self.call.counters
        assert (counters.near.late, counters.near.lost, counters.near.flooded, counters.far.flooded) == (0, 0, 0, 0)

    def hears_on(self) -> bool:
        """Whether what the hostile end says in order is heard by its partner, after a moment, to the last sample."""
        said = as_coded(NEAR[: 30 * FRAME8]).reshape(-1, FRAME8)
        for piece in said:
            self.hostile.say(piece)
            _ = self.engine.counters
        self.victim.socket.setblocking(False)
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self.victim.hear())
        self.victim.socket.settimeout(PATIENCE)
        return len(heard) >= 20 and np.array_equal(np.array(heard[-20:]), said[-20:])

    def told(self) -> list[int]:
        """The sides of which the engine said that their packets are bad."""
        _ = self.engine.counters
        return [e.code for e in self.bus.poll() if (e.source, e.kind, e.id) == (Source.CALL, CallEvent.RTP_BAD, self.bad_call.id)]


@pytest.fixture
def calls() -> Iterator[TwoCalls]:
    calls = TwoCalls()
    yield calls
    calls.close()


def test_what_is_no_rtp(calls: TwoCalls) -> None:
    rng = random.Random(3)
    junk = [bytes([version << 6]) + rng.randbytes(rng.randrange(40)) for version in (0, 1, 3) for _ in range(100)]
    calls.attack(junk + [b"\x80"] * 300)
    flooded = calls.bad_call.counters.near.flooded
    assert calls.engine.counters.rtp_malformed + flooded == 600 and calls.told() == [Side.NEAR]


def test_a_flood_costs_its_own_call(calls: TwoCalls) -> None:
    calls.attack([calls.hostile.packet(b"\xff" * FRAME8, timestamp=0) for _ in range(TROUBLE)])
    near = calls.bad_call.counters.near
    assert near.flooded > 0 and near.received + near.flooded == TROUBLE
    assert calls.told() == [Side.NEAR]


def test_two_senders_are_not_mixed(calls: TwoCalls) -> None:
    heard = []
    rounds = 30  # both senders' packets may come within one 5 ms phase, in which the engine takes 64 of a side (rtp_leg.c)
    for i in range(rounds):
        said = NEAR[i * FRAME8 : (i + 1) * FRAME8]
        calls.hostile.say(said)
        calls.hostile.ssrc ^= 1
        calls.hostile.sequence -= 1
        calls.hostile.send(calls.hostile.packet(ulaw_encode(FAR[:FRAME8])))
        calls.hostile.ssrc ^= 1
        heard.append(calls.victim.hear())
    assert np.array_equal(np.concatenate(heard), as_coded(NEAR[: rounds * FRAME8]))
    near = calls.bad_call.counters.near
    assert (near.foreign, near.lost, near.duplicate, near.flooded) == (rounds, 0, 0, 0) and calls.told() == [Side.NEAR]


def test_jumps_of_source_sequence_and_time(calls: TwoCalls) -> None:
    rng = random.Random(4)
    wild = [
        struct.pack("!BBHII", 0x80, 0, rng.getrandbits(16), rng.getrandbits(32), rng.choice((1, 2, 3))) + b"\xff" * FRAME8
        for _ in range(1000)
    ]
    calls.attack(wild)
    calls.hostile.ssrc = 9
    for _ in range(20):
        calls.hostile.say(NEAR[:FRAME8])
    near = calls.bad_call.counters.near
    assert near.received + near.flooded == 1020 and near.foreign > 0
    assert calls.hears_on()


def test_wild_packets_of_the_source_itself_do_not_stop_its_call(calls: TwoCalls) -> None:
    """One in two has some sequence and some time; those in between are heard."""
    rng = random.Random(6)
    assert calls.hears_on()
    for _ in range(200):
        wild = struct.pack("!HI", rng.getrandbits(16), rng.getrandbits(32))
        packet = calls.hostile.packet(b"\xff" * FRAME8)
        calls.hostile.sequence -= 1
        calls.hostile.send(packet[:2] + wild + packet[8:])
        calls.hostile.say(NEAR[:FRAME8])
        _ = calls.engine.counters
        time.sleep(PACE_S)
    counted = calls.bad_call.counters
    flooded = counted.near.flooded  # where the machine held the engine up, and what came meanwhile was too much at once
    assert counted.near.late + flooded > 180 and counted.far.sent + flooded >= 225 and counted.near.lost < 100 + flooded
    assert calls.hears_on()


def test_a_digit_that_never_ends_is_one_and_so_are_two_at_once(calls: TwoCalls) -> None:
    stamp = calls.hostile.timestamp
    endless = [calls.hostile.packet(event_payload("15"[i % 2], min(65535, 160 * i)), 101, timestamp=stamp) for i in range(600)]
    calls.attack(endless)
    assert digits(calls) == ["1"]


def test_a_storm_of_digits_does_not_fill_the_bus(calls: TwoCalls) -> None:
    storm = [calls.hostile.packet(event_payload("1"), 101, timestamp=5000 + 320 * i) for i in range(TROUBLE)]
    calls.attack(storm)
    told = digits(calls)
    near = calls.bad_call.counters.near
    # Of those behind a flooded stretch the first is not believed alone (rtp_stream.c).
    assert len(told) + near.flooded + near.late == TROUBLE and near.flooded > 0 and calls.bus.dropped == 0


def digits(calls: TwoCalls) -> list[str]:
    _ = calls.engine.counters
    told: list[str] = []
    while events := calls.bus.poll():
        told += [chr(e.code) for e in events if (e.source, e.kind) == (Source.CALL, CallEvent.DTMF)]
    return told


def test_a_line_at_the_wrong_speed(calls: TwoCalls) -> None:
    """Bytes read at another rate are noise: no frame comes of them, and the other calls go on."""
    handset = Handset()
    link = calls.engine.open_link(handset.host_fd)
    handset.install(link)
    rng = random.Random(5)
    for i in range(10):
        # Of what was sent, a slower reader sees runs of ones and zeros.
        os.write(handset.fd, bytes(rng.choice((0x00, 0xFF, 0xF0, 0x0F, 0xAA, 0x55)) for _ in range(2000)))
        said = slice(i * 2400, (i + 1) * 2400)
        heard_near, heard_far = calls.talk(NEAR[said], FAR[said])
        assert np.array_equal(heard_far, as_coded(NEAR[said])) and np.array_equal(heard_near, as_coded(FAR[said]))
    received = link.counters.received
    assert received.frames == 0 and received.skipped_bytes + sum(received.refused.values()) * 20 >= 19_000
    handset.close()
