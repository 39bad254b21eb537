"""Reliable messages over a bad wire: each once and in order, or the link is called dead."""

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kinline.handsets import _link as wire
from kinline.handsets.arq import BACKLOG, Arq, LinkDead, following
from tests.handsets.pipe import MS, Pipe, Weather, World

KIND = wire.Show.ID


def numbers(frames: list[tuple[int, bytes]]) -> list[int]:
    return [struct.unpack_from("<H", payload)[0] for _, payload in frames]


def filled(count: int, arq: Arq | None = None) -> Arq:
    arq = arq or Arq()
    for n in range(count):
        arq.send(KIND, bytes((n,)), 0)
    return arq


class Side:
    """One end of the wire: sends its messages one by one, acknowledges, keeps what was delivered."""

    def __init__(self, world: World, messages: list[bytes], ahead: int) -> None:
        self.world, self.arq, self.messages = world, Arq(), list(messages)
        self.delivered: list[bytes] = []
        self.dead = False
        self.out: Pipe
        self.arq._last_sent = self.arq._last_received = ahead  # without sending 65535 messages first

    def transmit(self, frames: list[tuple[int, bytes]]) -> None:
        for frame in frames:
            self.out.send(*frame)

    def tick(self) -> None:
        if self.dead:
            return
        try:
            if self.messages and len(self.arq._backlog) < BACKLOG:
                self.transmit(self.arq.send(KIND, self.messages.pop(0), self.world.now_ns))
            self.transmit(self.arq.due(self.world.now_ns))
        except LinkDead:
            self.dead = True

    def arrives(self, kind: int, payload: bytes) -> None:
        if kind == wire.Ack.ID:
            number = wire.Ack.decode(payload).number
            self.transmit(self.arq.acknowledged(number, self.world.now_ns))
            return
        body = self.arq.received(payload)
        if body is not None:
            self.delivered.append(body)
        self.out.send(wire.Ack.ID, wire.Ack(self.arq.last_received).encode())


def pair(seed: int, weather: Weather, there: list[bytes], back: list[bytes], ahead: int = 0) -> tuple[World, Side, Side]:
    world = World(seed)
    host, handset = Side(world, there, ahead), Side(world, back, ahead)
    host.out, handset.out = Pipe(world, weather, handset.arrives), Pipe(world, weather, host.arrives)
    world.every(50, host.tick)
    world.every(50, handset.tick)
    return world, host, handset


messages = st.lists(st.binary(max_size=4), max_size=60)
weathers = st.builds(
    Weather,
    loss=st.floats(0, 0.6),
    repeat=st.floats(0, 0.5),
    delay_ms=st.floats(1, 400).map(lambda most: (1.0, most)),
)


@settings(max_examples=150)
@given(st.integers(0, 2**32), weathers, messages, messages, st.sampled_from([0, 65_500, 65_534, 65_535]))
def test_each_once_and_in_order_or_dead(seed: int, weather: Weather, there: list[bytes], back: list[bytes], ahead: int) -> None:
    world, host, handset = pair(seed, weather, there, back, ahead)
    for _ in range(240):
        world.run(1000)
        assert handset.delivered == there[: len(handset.delivered)]
        assert host.delivered == back[: len(host.delivered)]
        assert max(len(s.arq._window) for s in (host, handset)) <= wire.WINDOW
        if host.dead or handset.dead or (handset.delivered == there and host.delivered == back):
            return
    raise AssertionError("neither delivered nor dead after four minutes")


@settings(max_examples=60)
@given(st.integers(0, 2**32), messages)
def test_a_wire_that_loses_a_fifth_is_not_dead(seed: int, there: list[bytes]) -> None:
    """Seven rounds in a row without progress are rare enough never to be met here."""
    world, host, handset = pair(seed, Weather(loss=0.2, delay_ms=(1, 20)), there, [])
    assert world.run(240_000, until=lambda: handset.delivered == there)
    assert not host.dead


def test_a_cut_wire_is_dead_and_its_memory_bounded() -> None:
    world, host, _ = pair(1, Weather(loss=1.0), [b"x"] * 1000, [])
    world.run(60_000)
    assert host.dead
    assert len(host.arq._window) + len(host.arq._backlog) <= wire.WINDOW + BACKLOG


def test_a_full_backlog_is_dead() -> None:
    arq = filled(wire.WINDOW + BACKLOG)
    with pytest.raises(LinkDead, match="wait for acknowledgement"):
        arq.send(KIND, b"", 0)


def test_the_window_lets_only_so_many_go() -> None:
    arq = Arq()
    gone = [number for n in range(20) for number in numbers(arq.send(KIND, b"", n))]
    assert gone == list(range(1, wire.WINDOW + 1))
    assert numbers(arq.acknowledged(3, 0)) == [9, 10, 11]


def test_waits_double_and_end() -> None:
    arq, at, waits = filled(1), 0, []
    with pytest.raises(LinkDead, match="retransmissions"):
        while True:
            at += MS
            if arq.due(at):
                waits.append(at // MS)
    assert [later - earlier for earlier, later in zip([0, *waits], waits, strict=False)] == [
        wire.RETRANSMIT_MS << n for n in range(wire.RETRANSMIT_TRIES)
    ]


def test_progress_gives_the_rest_its_patience_back() -> None:
    """Each round the peer acknowledges one message: it is slow, not dead."""
    arq, at = filled(wire.WINDOW), 0
    for number in range(1, wire.WINDOW + 1):
        while not arq.due(at):
            at += MS
        arq.acknowledged(number, at)
    assert arq.due(at + 60_000 * MS) == []


def test_numbers_wrap_past_zero() -> None:
    arq = Arq()
    arq._last_sent = 65_534
    assert [n for _ in range(3) for n in numbers(arq.send(KIND, b"", 0))] == [65_535, 1, 2]
    arq.acknowledged(0, 0)
    assert numbers(arq.due(1000 * MS)) == [65_535, 1, 2]
    arq.acknowledged(1, 0)
    assert numbers(arq.due(1000 * MS)) == [2]


@given(st.integers(0, 0xFFFF))
@example(4)
@example(3)
def test_an_acknowledgement_of_nothing_sent_changes_nothing(number: int) -> None:
    arq = filled(3)
    arq.acknowledged(number, 0)
    left = numbers(arq.due(1000 * MS))
    assert left == (list(range(number + 1, 4)) if 1 <= number <= 3 else [1, 2, 3])


@given(st.lists(st.integers(0, 0xFFFF), max_size=50))
def test_only_the_next_number_is_delivered(arriving: list[int]) -> None:
    arq, expected = Arq(), 1
    for number in [*arriving, 1, 3, 2, 3]:
        body = arq.received(struct.pack("<H", number) + b"body")
        assert (body == b"body") == (number == expected)
        expected = following(expected) if body is not None else expected
    assert arq.last_received == expected - 1


@pytest.mark.parametrize("short", [b"", b"\x01"])
def test_a_payload_without_a_number_is_refused(short: bytes) -> None:
    with pytest.raises(wire.WireError):
        Arq().received(short)
