"""Host and handset over a bad wire: sessions open and survive, and deliver each message once and in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from tests.handsets.ends import DEVICE, HandsetEnd, HostEnd, hello
from tests.handsets.pipe import MS, Pipe, Weather, World

FINE = Weather()


def link(seed: int = 0, weather: Weather = FINE, tells_epoch: bool = True) -> tuple[World, HostEnd, HandsetEnd]:
    world = World(seed)
    host, handset = HostEnd(world, tells_epoch=tells_epoch), HandsetEnd(world)
    host.out, handset.out = Pipe(world, weather, handset.arrives), Pipe(world, weather, host.arrives)
    world.every(50, host.tick)
    world.every(50, handset.tick)
    return world, host, handset


def is_open(host: HostEnd, handset: HandsetEnd) -> bool:
    return host.session.open and handset.seal is not None and handset.seal == host.in_force


def keys(count: int) -> list[wire.Message]:
    return [wire.Key(ord("0") + n % 10, n) for n in range(count)]


def listens(count: int) -> list[wire.Message]:
    return [wire.Listen(n) for n in range(count)]


@pytest.mark.parametrize("tells_epoch", [True, False])
def test_a_session_opens_and_stays(tells_epoch: bool) -> None:
    world, host, handset = link(tells_epoch=tells_epoch)
    world.run(60_000)
    assert is_open(host, handset)
    assert (host.count(ses.Opened), host.count(ses.Closed), host.refused) == (1, 0, [])
    assert host.session.device == DEVICE
    ahead_ns = world.now_ns + 900_000 * MS
    assert abs(host.session.clock.ticks_at(ahead_ns) - ahead_ns // MS) < 25


bad_weather = st.builds(
    Weather,
    loss=st.floats(0, 0.25),
    repeat=st.floats(0, 0.2),
    delay_ms=st.floats(1, 120).map(lambda most: (1.0, most)),
)


@settings(max_examples=100)
@given(st.integers(0, 2**32), bad_weather, st.integers(0, 40), st.integers(0, 40))
def test_both_directions_deliver_everything(seed: int, weather: Weather, up: int, down: int) -> None:
    world, host, handset = link(seed, weather)
    assert world.run(60_000, until=lambda: is_open(host, handset)), "no session in a minute"
    sessions = host.count(ses.Opened)
    for message in keys(up):
        handset.send(message)
    for message in listens(down):
        host.send(message)
    world.run(120_000, until=lambda: host.delivered == keys(up) and handset.delivered == listens(down))
    assert host.delivered == keys(up)[: len(host.delivered)]
    assert handset.delivered == listens(down)[: len(handset.delivered)]
    if host.count(ses.Opened) == sessions and not host.count(ses.Closed):
        assert (host.delivered, handset.delivered) == (keys(up), listens(down))


@settings(max_examples=60)
@given(st.integers(0, 2**32), bad_weather, st.lists(st.integers(0, 6000), min_size=1, max_size=5))
def test_a_handset_that_resets_is_back_in_a_session(seed: int, weather: Weather, resets: list[int]) -> None:
    world, host, handset = link(seed, weather)
    for wait_ms in resets:
        world.run(wait_ms)
        handset.boot()
    assert world.run(60_000, until=lambda: is_open(host, handset))
    assert host.count(ses.Opened) - host.count(ses.Closed) == 1, "each session opens once and closes once"


@pytest.mark.parametrize("tells_epoch", [True, False])
def test_a_host_that_restarts_finds_its_handset_before_the_handset_gives_up(tells_epoch: bool) -> None:
    world, host, handset = link(tells_epoch=tells_epoch)
    world.run(5000)
    restarted = HostEnd(world, tells_epoch=tells_epoch)
    restarted.out, handset.out = host.out, Pipe(world, FINE, restarted.arrives)
    world.every(50, restarted.tick)
    host.out = Pipe(world, Weather(loss=1.0), handset.arrives)
    assert world.run(2000, until=lambda: is_open(restarted, handset)), "the probe was not heard"


def test_a_cut_cable_ends_the_session_at_both_ends_and_mends() -> None:
    world, host, handset = link()
    world.run(5000)
    host.out.weather = handset.out.weather = Weather(loss=1.0)
    world.run(3000)
    assert not host.session.open and handset.seal is None
    host.out.weather = handset.out.weather = FINE
    assert world.run(2000, until=lambda: is_open(host, handset))
    assert (host.count(ses.Opened), host.count(ses.Closed)) == (2, 1)


def test_hellos_from_a_stranger_on_the_wire_end_nothing() -> None:
    world, host, handset = link()
    world.run(2000)
    world.every(37, lambda: host.arrives(wire.Hello.ID, None, hello(nonce=world.random.randbytes(16)).encode()))
    handset_keys = handset.seal
    for message in keys(200):
        handset.send(message)
        world.run(100)
    assert host.delivered == keys(200)
    assert (host.count(ses.Opened), host.count(ses.Closed), handset.seal) == (1, 0, handset_keys)


def test_probes_from_a_stranger_on_the_wire_end_nothing() -> None:
    world, host, handset = link()
    world.run(2000)
    world.every(37, lambda: handset.arrives(wire.Probe.ID, None, b""))
    world.run(20_000)
    assert (host.count(ses.Opened), host.count(ses.Closed), handset.welcomes) == (1, 0, 1)


def test_frames_of_the_session_before_are_dead() -> None:
    """A recorder on the wire plays the old session's frames into the new one."""
    world, host, handset = link()
    world.run(5000)
    handset.send(wire.Hook(0, 1))
    world.run(1000)
    recorded = list(handset.out.sent)
    handset.boot()
    world.run(5000)
    before = (host.delivered, host.count(ses.Opened), host.count(ses.Closed))
    for frame in recorded:
        host.arrives(*frame)
        world.run(10)
    world.run(5000)
    assert (host.delivered, host.count(ses.Opened), host.count(ses.Closed)) == before
    assert is_open(host, handset)


@settings(max_examples=100)
@given(st.integers(0, 2**32), bad_weather, st.lists(st.integers(0, 4000), min_size=1, max_size=4))
def test_keys_change_in_mid_session_on_a_bad_wire(seed: int, weather: Weather, changes: list[int]) -> None:
    """Whatever is lost or late, the session goes on under the new keys or a new one begins; nothing comes twice."""
    world, host, handset = link(seed, weather)
    assert world.run(60_000, until=lambda: is_open(host, handset))
    sessions, sent = host.count(ses.Opened), 0
    for wait_ms in changes:
        world.run(wait_ms)
        host.do(host.session.rekey(world.now_ns))
        for message in keys(3):
            handset.send(message)
        sent += 3
    assert world.run(60_000, until=lambda: is_open(host, handset)), "the two never agreed on keys again"
    if host.count(ses.Opened) == sessions and not host.count(ses.Closed):
        world.run(60_000, until=lambda: len(host.delivered) == sent)
        assert host.delivered == keys(3) * len(changes)
