"""Handset links through a pty: sessions, hostile bytes, a cable that comes and goes."""

import os
import random
import select
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinline_engine.bus import Bus, Event, Source
from kinline_engine.engine import CallEvent, Engine, Link, LinkEvent, Play, Side
from kinline_engine.errors import Busy, NotFound
from kinline_engine.frame import Keys, seal
from tests.engine.parties import AUDIO, EPOCH, FRAME16, PATIENCE, Handset, Stage

QUIET = np.zeros(FRAME16, np.int16)
HELLO, WELCOME, PONG, HOOK, LISTEN = 0x01, 0x02, 0x12, 0x21, 0x40


class Line:
    """An engine and one handset, no call."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.engine = Engine(self.bus)
        self.handset = Handset()
        self.link: Link = self.engine.open_link(self.handset.host_fd)

    def frames(self, n: int) -> list[tuple[int, bytes]]:
        """The next n link frames as type and text."""
        return [(e.code & 0xFF, e.data) for e in self.events(n) if e.kind == LinkEvent.FRAME]

    def events(self, n: int) -> list[Event]:
        got: list[Event] = []
        until = time.monotonic() + PATIENCE
        while len(got) < n:
            left = until - time.monotonic()
            assert left > 0 and select.select([self.bus.fd], [], [], left)[0], f"{len(got)} of {n} events"
            got += [e for e in self.bus.poll() if e.source == Source.LINK]
        return got

    def close(self) -> None:
        self.engine.close()
        self.bus.close()
        self.handset.close()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def test_clear_hello_and_welcome_then_sealed_both_ways(line: Line) -> None:
    line.handset.send(HELLO, b"hello")
    [(kind, text)] = line.frames(1)
    assert (kind, text) == (HELLO, b"hello")
    line.handset.install(line.link)
    line.link.send(WELCOME, b"welcome")
    assert line.handset.expect(WELCOME) == b"welcome"
    line.handset.send(HOOK, b"\x01\x00up")
    assert line.frames(1) == [(HOOK, b"\x01\x00up")]
    line.link.send(LISTEN, b"\x01\x00\xe8\x03\x00\x00")
    assert line.handset.expect(LISTEN) == b"\x01\x00\xe8\x03\x00\x00"
    assert line.handset.receiver.epoch == EPOCH


def test_new_keys_come_into_force_both_ways_with_the_handsets_first_frame(line: Line) -> None:
    line.handset.install(line.link)
    line.handset.send(HOOK, b"1")
    line.frames(1)
    line.link.install_keys(EPOCH + 1, *[bytes([i]) * 32 for i in range(4)])
    line.link.send(LISTEN, b"still under the old keys")
    assert line.handset.expect(LISTEN) == b"still under the old keys"
    line.handset.secrets = [bytes([i]) * 32 for i in range(4)]
    line.handset.use_keys(EPOCH + 1)
    line.handset.sequence = 0
    line.handset.send(HOOK, b"2")
    assert line.frames(1) == [(HOOK, b"2")]
    line.link.send(LISTEN, b"under the new ones")
    assert line.handset.expect(LISTEN) == b"under the new ones"
    assert line.handset.receiver.epoch == EPOCH + 1


def test_without_keys_nothing_sealed_is_sent_or_taken(line: Line) -> None:
    line.handset.install(line.link)
    line.link.forget_keys()
    line.link.send(LISTEN, b"")
    line.handset.send(HOOK, b"")
    line.handset.send(HELLO, b"")
    assert line.frames(1) == [(HELLO, b"")]
    counters = line.link.counters
    assert counters.unsent == 1 and counters.received.refused == {"epoch": 1}


def test_hostile_frames_are_counted_by_reason(line: Line) -> None:
    handset = line.handset
    handset.install(line.link)
    good = handset.wire(HOOK, b"good")
    wire = [
        good,
        good,  # replayed
        seal(HOOK, b"forged", 50, EPOCH, Keys(b"x" * 32, b"y" * 32)),
        seal(HOOK, b"", 51, EPOCH + 9, handset.keys),
        good[:5] + bytes([good[5] ^ 1]) + good[6:],
        good[:-20],  # truncated
        b"K\xd7" + b"\xff" * 20,
        bytes(random.Random(1).randbytes(300)).replace(b"K", b"k"),
        handset.wire(HOOK, b"after"),
    ]
    os.write(handset.fd, b"".join(wire))
    assert line.frames(2) == [(HOOK, b"good"), (HOOK, b"after")]
    received = line.link.counters.received
    assert received.refused == {"replay": 1, "tag": 2, "epoch": 1, "check": 2}
    assert received.frames == 2 and received.skipped_bytes > 300


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8))
def test_no_bytes_stop_the_link(garbage: list[bytes]) -> None:
    line = Line()
    try:
        line.handset.install(line.link)
        for data in garbage:
            os.write(line.handset.fd, data)
        # A garbled header may announce a body: what is behind it must end the wait for it.
        for _ in range(4):
            line.handset.send(HOOK, b"x" * 256)
        assert line.frames(1)[0] == (HOOK, b"x" * 256)
    finally:
        line.close()


def test_a_byte_at_a_time_is_the_same(line: Line) -> None:
    line.handset.install(line.link)
    for byte in line.handset.wire(HOOK, b"slow"):
        os.write(line.handset.fd, bytes([byte]))
    assert line.frames(1) == [(HOOK, b"slow")]


def test_a_pile_of_frames_is_taken_whole_without_another_byte_to_wake_the_engine(line: Line) -> None:
    """The descriptor's edge comes once for all that a stalled engine has left there."""
    hooks = [seal(HELLO, bytes([n]) * 200, n + 1, 0, None) for n in range(60)]
    pile = b"".join(hooks)
    while pile:
        pile = pile[os.write(line.handset.fd, pile) :]
    assert [text[0] for _, text in line.frames(60)] == list(range(60))


def test_a_cut_cable_is_told_and_a_new_one_works(line: Line) -> None:
    line.handset.install(line.link)
    call = line.engine.create_call(line.link)
    line.handset.exchange(QUIET)
    line.handset.vanish()
    [gone] = line.events(1)
    assert (gone.kind, gone.id) == (LinkEvent.GONE, line.link.id) and gone.code > 0
    line.link.send(LISTEN, b"")
    line.link.close()
    line.handset.close()
    call.close()
    line.handset = Handset()
    line.link = line.engine.open_link(line.handset.host_fd)
    line.handset.install(line.link)
    line.engine.create_call(line.link)
    line.handset.exchange(QUIET)


def test_an_id_of_the_past_names_nothing(line: Line) -> None:
    old = line.link
    old.close()
    line.link = line.engine.open_link(line.handset.host_fd)
    assert line.link.id != old.id
    with pytest.raises(NotFound):
        _ = old.counters
    with pytest.raises(NotFound):
        line.engine.create_call(old)


def test_one_call_a_link(line: Line) -> None:
    call = line.engine.create_call(line.link)
    with pytest.raises(Busy):
        line.engine.create_call(line.link)
    call.close()
    line.engine.create_call(line.link)


def test_a_handset_that_does_not_read_stops_nobody(line: Line) -> None:
    line.handset.install(line.link)
    line.engine.create_call(line.link)
    for _ in range(200):
        line.handset.send(AUDIO, QUIET.tobytes())
    until = time.monotonic() + PATIENCE
    while not line.link.counters.write_overruns:
        assert time.monotonic() < until
    while line.handset.pump(0.2):
        pass
    line.handset.frames.clear()
    line.handset.exchange(QUIET)


def test_audio_without_a_call_is_counted(line: Line) -> None:
    line.handset.install(line.link)
    line.handset.send(AUDIO, QUIET.tobytes())
    line.handset.send(HOOK, b"")
    assert line.frames(1) == [(HOOK, b"")]
    assert line.link.counters.audio_unwired == 1


def test_called_party_hears_the_end_of_a_prompt_though_the_handset_is_gone() -> None:
    with Stage(stall_ms=60) as stage:
        clip = stage.engine.load_clip(np.full(8000, 1000, np.int16).tobytes())
        stage.silence(0.1)
        stage.call.play(Side.FAR, [clip], Play.REPLACE, token=5)
        stage.handset.vanish()
        assert stage.wait(Source.CALL, CallEvent.PLAYED).code == 5
        heard = [stage.far.hear() for _ in range(25)]
        assert np.concatenate(heard).any()
        assert stage.call.counters.near_stalled >= 25


def test_send_bounds(line: Line) -> None:
    with pytest.raises(ValueError, match="256"):
        line.link.send(LISTEN, bytes(257))
    with pytest.raises(ValueError, match="32 bytes"):
        line.link.install_keys(1, b"", b"", b"", b"")
