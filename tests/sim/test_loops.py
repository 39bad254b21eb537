"""What the unchanged firmware makes of a vandal: each wire, the lid, a magnet, the supply, told once and settled."""

from collections.abc import Iterator

import pytest

from kinline.handsets import _link as wire
from kinline_sim import _board
from kinline_sim.board import Board
from tests.link_peer import SerialPeer

pytestmark = pytest.mark.vm
SOUND = (wire.WIRES_CLOSED, wire.WIRES_CLOSED, wire.WIRES_CLOSED, wire.MAGNET_OWN, wire.SUPPLY_GOOD)


def told(peer: SerialPeer) -> tuple[int, ...]:
    said = peer.expect(wire.Loops, 5.0)
    return said.hook, said.cord, said.case, said.magnet, said.supply


@pytest.fixture
def sound(board: Board) -> Iterator[SerialPeer]:
    """A host that has been told that all is well."""
    peer = SerialPeer(board.path, board.key)
    peer.minor = 1
    while told(peer) != SOUND:
        pass
    yield peer
    peer.close()


def changed(index: int, value: int) -> tuple[int, ...]:
    return (*SOUND[:index], value, *SOUND[index + 1 :])


@pytest.mark.parametrize(("wires", "state"), [("cut", wire.WIRES_CUT), ("short", wire.WIRES_SHORT)])
@pytest.mark.parametrize(("loop", "index"), [("cord", 1), ("case", 2)])
def test_a_wire_that_is_cut_or_shorted(board: Board, sound: SerialPeer, loop: str, index: int, wires: str, state: int) -> None:
    board.wires(loop, wires)
    assert told(sound) == changed(index, state)
    board.wires(loop, "whole")
    assert told(sound) == SOUND


def test_a_lid_that_is_opened(board: Board, sound: SerialPeer) -> None:
    board.open_lid()
    assert told(sound) == changed(2, wire.WIRES_OPEN)
    board.shut_lid()
    assert told(sound) == SOUND


def test_a_foreign_magnet_of_either_pole(board: Board, sound: SerialPeer) -> None:
    for pole in (700, -700):
        board.magnet(pole)
        assert told(sound) == changed(3, wire.MAGNET_FOREIGN)
        board.magnet(0)
        assert told(sound) == SOUND


def test_a_supply_out_of_its_range(board: Board, sound: SerialPeer) -> None:
    board.supply(15_000)
    assert told(sound) == changed(4, wire.SUPPLY_LOW)
    board.supply(60_000)
    assert told(sound) == changed(4, wire.SUPPLY_HIGH)


def test_lifting_the_handset_is_no_foreign_magnet(board: Board, sound: SerialPeer) -> None:
    board.lift().wait()
    assert sound.expect(wire.Hook).off_hook == 1
    sound.pump(1.5)
    assert all(m.magnet != wire.MAGNET_FOREIGN for m in sound.messages if isinstance(m, wire.Loops))


def test_readings_are_those_of_the_pins(board: Board, sound: SerialPeer) -> None:
    board.hold("5")
    said = wire.Readings(0, 0, 0, 0, 0, 0, 0, 0, 0)
    while not said.keys:  # until the firmware has scanned the key
        sound.send(wire.Measure(77))
        said = sound.expect(wire.Readings)
    assert (said.number, said.keys, said.relay, said.ear) == (77, 1 << 5, 0, 0)
    assert said.magnet == _board.MAGNET_RESTING_MV
    assert abs(said.hook - 1052) < 5 and abs(said.supply - 47200) < 50


def test_a_bounce_comes_back_as_it_went(board: Board, sound: SerialPeer) -> None:
    text = wire.Bounce(9, bytes(range(200))).encode()
    sound.send_sealed(wire.Bounce.ID, text)
    sound.until(lambda: any(b.number == 9 for b in sound.bounced), 3.0)
    assert sound.bounced[0].filling == bytes(range(200))


def test_a_host_of_before_is_told_nothing_new(board: Board) -> None:
    old = SerialPeer(board.path, board.key)
    old.expect(wire.Snapshot)
    board.open_lid()
    old.pump(2.0)
    assert not [m for m in old.messages if isinstance(m, wire.Loops)]
    old.close()
