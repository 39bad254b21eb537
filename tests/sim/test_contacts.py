"""Keys and hook of the real firmware on the real VM, through bouncing contacts."""

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY

pytestmark = pytest.mark.vm


@pytest.mark.each_vm
def test_a_key_arrives_debounced_and_sealed(board: Board, lifted: SerialPeer) -> None:
    board.press("5")
    assert lifted.expect(wire.Key).key == ord("5")
    board.press("#").wait()
    assert lifted.expect(wire.Key).key == ord("#")
    lifted.pump(0.1)
    assert not [m for m in lifted.messages if isinstance(m, wire.Key)]


def test_every_key_of_the_keypad(board: Board, lifted: SerialPeer) -> None:
    """Those for the volume the handset keeps to itself: what they do is told by the volume."""
    board.dial("1234567890*#TS")
    assert "".join(chr(lifted.expect(wire.Key).key) for _ in range(14)) == "1234567890*#TS"


@pytest.mark.parametrize("chord", ["12", "15", "124", "1245"])
def test_a_chord_is_refused_until_all_keys_are_released(board: Board, lifted: SerialPeer, chord: str) -> None:
    board.hold(chord)
    lifted.pump(0.15)
    board.hold(chord[0])
    lifted.pump(0.15)
    board.hold("")
    lifted.pump(0.05)
    assert not [m for m in lifted.messages if isinstance(m, wire.Key)]
    board.press("9")
    assert lifted.expect(wire.Key).key == ord("9")


@pytest.mark.each_vm
@pytest.mark.parametrize("seed", range(3))
def test_a_bouncing_cradle_is_one_lift_and_one_hang_up(seed: int) -> None:
    with Board(device="wall-7", key=KEY, seed=seed) as board:
        peer = SerialPeer(board.path, KEY)
        peer.expect(wire.Snapshot)
        for off_hook in (1, 0, 1, 0):
            (board.lift() if off_hook else board.hang_up()).wait()
            assert peer.expect(wire.Hook).off_hook == off_hook
        peer.pump(0.1)
        assert not [m for m in peer.messages if isinstance(m, wire.Hook)]
        peer.close()


@pytest.mark.parametrize("wires", ["cut", "short"])
def test_a_tampered_hook_loop_hangs_up_and_is_noted(board: Board, lifted: SerialPeer, wires: str) -> None:
    board.wires("hook", wires)
    assert lifted.expect(wire.Hook).off_hook == 0
    lifted.send(wire.Report())
    assert f"hook loop {wires}" in lifted.expect(wire.Events).text


def test_the_keypad_is_dead_on_hook(board: Board, peer: SerialPeer) -> None:
    board.dial("123").wait()
    peer.pump(0.1)
    assert not [m for m in peer.messages if isinstance(m, wire.Key)]


@pytest.mark.each_vm
def test_a_secret_is_one_message_and_never_in_clear(board: Board, lifted: SerialPeer) -> None:
    lifted.send(wire.Collect(9, wire.COLLECT_SECRET, 4, 8, ord("#"), 5000, 3000))
    lifted.until(lambda: lifted.acknowledged == 1, 1)
    board.dial("1*48213579#"[:-4] + "#")
    entry = lifted.expect(wire.Entry)
    assert (entry.collect, entry.result, entry.digits) == (9, wire.ENTRY_COMPLETE, b"48213")
    assert not [m for m in lifted.messages if isinstance(m, wire.Key)]
    assert b"48213" not in lifted.raw
    lifted.send(wire.Report())
    events = lifted.expect(wire.Events).text
    assert "48213" not in events
