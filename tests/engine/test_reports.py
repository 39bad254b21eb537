"""RTCP: what the ends of a call tell each other of what they receive, and what is believed of it."""

import random
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, FarEnd, Side
from kinline_engine.srtp import Suite
from tests.engine.parties import FRAME8, PATIENCE, Far, speech
from tests.engine.test_bridged import Bridge, as_coded
from tests.engine.test_protected import ProtectedFar

VOICE = speech(2, 8000, seed=1)
SR, RR, SDES, BYE = 200, 201, 202, 203


@dataclass(frozen=True)
class Report:
    """A compound packet, taken apart by its definition."""

    kinds: list[int]
    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: list[tuple[int, int, int, int, int, int, int]]  # ssrc, fraction, lost, highest, jitter, lsr, dlsr
    cname: bytes


def parse(raw: bytes) -> Report:
    kinds: list[int] = []
    blocks, at, cname = [], 0, b""
    ntp = timestamp = packets = octets = 0
    while at < len(raw):
        first, kind, words = struct.unpack_from("!BBH", raw, at)
        assert first >> 6 == 2 and not first & 0x20
        body, at = raw[at : at + 4 + 4 * words], at + 4 + 4 * words
        assert len(body) == 4 + 4 * words
        kinds.append(kind)
        (ssrc,) = struct.unpack_from("!I", body, 4)
        if kind == SR:
            ntp, timestamp, packets, octets = struct.unpack_from("!QIII", body, 8)
        if kind in (SR, RR):
            for i in range(first & 31):
                source, loss, *rest = struct.unpack_from("!IIIIII", body, (28 if kind == SR else 8) + 24 * i)
                blocks.append((source, loss >> 24, (loss & 0xFFFFFF ^ 0x800000) - 0x800000, *rest))
        if kind == SDES:
            assert body[8] == 1
            cname = body[10 : 10 + body[9]]
            assert not any(body[10 + body[9] :]) and len(body) > 10 + body[9]
    return Report(kinds, ssrc, ntp, timestamp, packets, octets, blocks, cname)


def block(ssrc: int, fraction: int = 0, lost: int = 0, highest: int = 0, jitter: int = 0, lsr: int = 0, dlsr: int = 0) -> bytes:
    return struct.pack("!IIIIII", ssrc, fraction << 24 | lost & 0xFFFFFF, highest, jitter, lsr & 0xFFFFFFFF, dlsr & 0xFFFFFFFF)


def receiver_report(ssrc: int, *blocks: bytes) -> bytes:
    return struct.pack("!BBHI", 0x80 | len(blocks), RR, 1 + 6 * len(blocks), ssrc) + b"".join(blocks)


def sender_report(ssrc: int, ntp: int, *blocks: bytes) -> bytes:
    head = struct.pack("!BBHIQIII", 0x80 | len(blocks), SR, 6 + 6 * len(blocks), ssrc, ntp, 0, 1, 160)
    return head + b"".join(blocks)


class ReportingBridge(Bridge):
    """A bridged call whose near end also has a socket for RTCP at the port after."""

    def __init__(self) -> None:
        super().__init__()
        self.call.gate(True)
        self.end = self.own_end()
        self.end.ssrc = 0x5EED
        self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            try:
                self.control.bind(("127.0.0.1", self.end.end.port + 1))
                break
            except OSError:
                self.end.close()
                self.end = self.own_end()
        self.control.settimeout(PATIENCE)
        self.partner = Far(self.engine.rtp_port)
        self.reported = self.engine.create_bridged_call()
        self.reported.set_near(self.end.end)
        self.reported.set_far(self.partner.end)
        self.reported.gate(True)

    def own_end(self) -> Far:
        return Far(self.engine.rtp_port)

    def close(self) -> None:
        self.control.close()
        self.end.close()
        self.partner.close()
        super().close()

    def send(self, raw: bytes) -> None:
        """RTCP to the engine, which has it when this returns."""
        before = self.reported.counters.near
        self.control.sendto(raw, ("127.0.0.1", self.engine.rtp_port + 1))
        until = time.monotonic() + PATIENCE
        while self.reported.counters.near == before and time.monotonic() < until:
            select.select([], [], [], 0.001)

    def receive(self) -> bytes:
        return self.control.recv(2048)

    def talk_on(self, packets: int) -> None:
        """Both say so many packets."""
        for i in range(packets):
            piece = VOICE[i % 100 * FRAME8 : (i % 100 + 1) * FRAME8]
            self.end.say(piece)
            self.partner.hear()
            self.partner.say(piece)
            self.end.hear()
            time.sleep(0.0002)

    @property
    def reports(self) -> tuple[int, int, int]:
        told = self.reported.counters.near.reports
        return told.received, told.malformed, told.disbelieved


@pytest.fixture
def bridge() -> Iterator[ReportingBridge]:
    bridge = ReportingBridge()
    yield bridge
    bridge.close()


def test_a_sender_reports_within_seconds_what_it_sent_and_received(bridge: ReportingBridge) -> None:
    bridge.end.sequence = 0xFFF0  # over a roll-over
    bridge.talk_on(20)
    bridge.end.sequence += 5  # lost
    bridge.talk_on(20)
    before = time.time()
    report = parse(bridge.receive())
    assert report.kinds == [SR, SDES] and len(report.cname) == 16
    assert (report.packets, report.octets) == (40, 40 * 160)
    assert abs(report.ntp / 2**32 - 2208988800 - before) < 60
    [(ssrc, fraction, lost, highest, _, lsr, dlsr)] = report.blocks
    assert (ssrc, fraction, lost, highest) == (0x5EED, 5 * 256 // 45, 5, (0xFFF0 + 45) & 0xFFFF | 0x10000)
    assert (lsr, dlsr) == (0, 0)


def test_the_call_ends_with_a_bye(bridge: ReportingBridge) -> None:
    bridge.talk_on(2)
    bridge.reported.close()
    report = parse(bridge.receive())
    assert report.kinds == [SR, SDES, BYE]


def test_who_has_said_nothing_says_no_goodbye(bridge: ReportingBridge) -> None:
    bridge.reported.clear_near()
    bridge.reported.close()
    _ = bridge.engine.counters
    bridge.control.setblocking(False)
    with pytest.raises(BlockingIOError):
        bridge.control.recv(2048)


def test_round_trip_and_what_the_other_end_lost(bridge: ReportingBridge) -> None:
    bridge.talk_on(60)
    report = parse(bridge.receive())
    sequence = struct.unpack_from("!H", last_packet(bridge), 2)[0]
    theirs = block(report.ssrc, 26, 6, sequence, jitter=80, lsr=report.ntp >> 16, dlsr=0)
    bridge.send(sender_report(0x5EED, 7 << 40, theirs))
    told = bridge.reported.counters.near.reports
    assert (told.received, told.disbelieved, told.reports) == (1, 0, 1)
    assert (told.lost, told.fraction_lost, told.jitter_us) == (6, 26, 10_000) and told.sent_then == 61
    assert 0 < told.round_trip_us < PATIENCE * 1e6
    # Theirs is referred to in our next: what it names as last is the middle of its time.
    bridge.reported.close()
    [(*_, lsr, dlsr)] = parse(bridge.receive()).blocks
    assert lsr == (7 << 40) >> 16 & 0xFFFFFFFF
    assert dlsr < PATIENCE * 65536


def told_of(bridge: ReportingBridge) -> list[int]:
    """Of which sides it was told that what they report is not believed, each time."""
    return [e.code for e in bridge.bus.poll() if (e.source, e.kind) == (Source.CALL, CallEvent.RTCP_BAD)]


def last_packet(bridge: ReportingBridge) -> bytes:
    bridge.partner.say(VOICE[:FRAME8])
    return bridge.end.receive()


def test_lies_are_counted_and_not_believed(bridge: ReportingBridge) -> None:
    bridge.talk_on(40)
    report = parse(bridge.receive())
    sequence = struct.unpack_from("!H", last_packet(bridge), 2)[0]
    lsr = report.ntp >> 16
    honest = {"ssrc": report.ssrc, "highest": sequence}
    lies = [
        receiver_report(0xBAD, block(**honest)),  # of a source that is not heard
        receiver_report(0x5EED, block(**honest, lost=42)),  # more than there were
        receiver_report(0x5EED, block(**honest, lost=0x7FFFFF)),
        receiver_report(0x5EED, block(report.ssrc, highest=sequence + 1)),  # what has not been sent
        receiver_report(0x5EED, block(report.ssrc, highest=sequence + 0x7000)),
        receiver_report(0x5EED, block(report.ssrc, highest=sequence + 0xFFFF0000)),
        receiver_report(0x5EED, block(**honest, jitter=1 << 31)),
        receiver_report(0x5EED, block(**honest, lsr=lsr + 65536)),  # a report of the future
        receiver_report(0x5EED, block(**honest, lsr=1)),
        receiver_report(0x5EED, block(**honest, lsr=lsr, dlsr=1 << 31)),  # waited longer than there was time
        receiver_report(0x5EED, block(**honest, lsr=lsr, dlsr=0xFFFFFFFF)),
    ]
    for lie in lies:
        bridge.send(lie)
    told = bridge.reported.counters.near.reports
    assert (told.received, told.disbelieved) == (len(lies), len(lies))
    assert (told.reports, told.lost, told.fraction_lost, told.jitter_us, told.round_trip_us) == (0, 0, 0, 0, 0)
    bridge.send(receiver_report(0x5EED, block(**honest, lsr=lsr), block(0x1234, 255, 9999)))  # of another's packets, too
    told = bridge.reported.counters.near.reports
    assert (told.reports, told.lost, told.disbelieved) == (1, 0, len(lies))
    assert bridge.engine.counters.rtcp_disbelieved == len(lies) and told_of(bridge) == [Side.NEAR]


def test_malformed_reports_disturb_nobody(bridge: ReportingBridge) -> None:
    bridge.talk_on(2)
    whole = sender_report(0x5EED, 1 << 40, block(1)) + struct.pack("!BBHI", 0x81, BYE, 1, 0x5EED)
    rng = random.Random(5)
    bad = [whole[:length] for length in range(1, len(whole)) if length not in (52,)]
    bad += [
        b"\x80" + whole[1:-8].replace(b"\xc8", b"\xca", 1),  # begins with no report
        bytes([whole[0] | 0x20]) + whole[1:],  # padding in the first
        bytes([whole[0] & 0x3F]) + whole[1:],  # of another version
        bytes([whole[0] | 31]) + whole[1:],  # more blocks than there is room for
        whole[:-8] + struct.pack("!BBHI", 0x85, BYE, 1, 0x5EED),  # more sources than there is room for
        whole + b"\x80",
        whole + struct.pack("!BBHI", 0xA0, BYE, 1, 0),  # padding of nothing
        whole + struct.pack("!BBHI", 0xA0, BYE, 1, 200),  # and of more than there is
    ]
    for raw in bad:
        bridge.send(raw)
    malformed = bridge.reports[1]
    assert malformed == len(bad) == bridge.engine.counters.rtcp_malformed and told_of(bridge) == [Side.NEAR]
    for _ in range(50):
        bridge.control.sendto(rng.randbytes(rng.randrange(1, 200)), ("127.0.0.1", bridge.engine.rtp_port + 1))
    heard_near, heard_far = bridge.talk(VOICE[:1600], VOICE[1600:3200])
    assert np.array_equal(heard_far, as_coded(VOICE[:1600])) and np.array_equal(heard_near, as_coded(VOICE[1600:3200]))


def test_a_flood_of_reports_costs_its_own_call(bridge: ReportingBridge) -> None:
    bridge.talk_on(2)
    for i in range(1000):
        bridge.control.sendto(receiver_report(0x5EED), ("127.0.0.1", bridge.engine.rtp_port + 1))
        if i % 100 == 0:
            heard_near, _ = bridge.talk(VOICE[:160], VOICE[160:320])
            assert np.array_equal(heard_near, as_coded(VOICE[160:320]))
    near = bridge.reported.counters.near
    assert near.flooded > 0 and near.flooded + near.reports.received == 1000


def test_reports_of_strangers_are_nobodys(bridge: ReportingBridge) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(receiver_report(0x5EED), ("127.0.0.1", bridge.engine.rtp_port + 1))
    until = time.monotonic() + PATIENCE
    while not bridge.engine.counters.rtp_unknown_source and time.monotonic() < until:
        select.select([], [], [], 0.001)
    assert bridge.engine.counters.rtp_unknown_source == 1 and bridge.reports == (0, 0, 0)


def test_on_the_port_of_rtp_where_both_agreed(bridge: ReportingBridge) -> None:
    end: FarEnd = replace(bridge.end.end, rtcp_port=bridge.end.end.port)
    bridge.reported.set_near(end)
    bridge.end.send(receiver_report(0x5EED))
    bridge.talk_on(3)
    assert bridge.reports == (1, 0, 0) and bridge.reported.counters.near.received == 3
    assert parse(bridge.end.receive()).kinds == [SR, SDES]


@pytest.mark.parametrize("suite", list(Suite), ids=lambda suite: suite.name)
def test_reports_are_protected_as_the_media_is(suite: Suite) -> None:
    class Protected(ReportingBridge):
        end: ProtectedFar

        def own_end(self) -> Far:
            return ProtectedFar(self.engine.rtp_port, suite)

    bridge = Protected()
    bridge.talk_on(3)
    ours = parse(bridge.end.unprotect.unprotect(bridge.receive(), rtcp=True))
    assert ours.kinds == [SR, SDES] and ours.packets == 3
    bridge.send(receiver_report(0x5EED))  # in clear
    assert bridge.reported.counters.near.unauthentic == 1 and bridge.reports == (0, 0, 0)
    sealed = bridge.end.protect.protect(receiver_report(0x5EED), rtcp=True)
    bridge.send(sealed)
    assert bridge.reports == (1, 0, 0)
    bridge.control.sendto(sealed, ("127.0.0.1", bridge.engine.rtp_port + 1))
    bridge.talk_on(1)
    assert bridge.reported.counters.near.replayed == 1
    bridge.close()
