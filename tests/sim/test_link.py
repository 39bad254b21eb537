"""The link of the real firmware: hostile bytes, bad lines, hosts that come and go."""

import os
import signal
from random import Random

import pytest

from kinline.handsets import _link as wire
from kinline_sim import _board as pins
from kinline_sim.board import Board
from kinline_sim.compiled import firmware
from kinline_sim.faults import Faults
from kinline_sim.shims import registers as at
from tests.link_peer import SerialPeer, clear_frame
from tests.sim.conftest import KEY

pytestmark = pytest.mark.vm

PINGS = 450  # of 36 bytes each: as much as the kernel keeps of a pty


@pytest.mark.each_vm
def test_hello_says_who_and_what(board: Board, peer: SerialPeer) -> None:
    assert peer.hello
    assert (peer.hello.device, peer.hello.major, peer.hello.schema) == ("wall-7", wire.MAJOR, wire.SCHEMA)
    assert peer.hello.build == firmware().name


@pytest.mark.each_vm
def test_garbage_is_counted_and_harms_nothing(board: Board, lifted: SerialPeer) -> None:
    noise = Random(5)
    for _ in range(40):
        lifted._write(noise.randbytes(noise.randrange(1, 300)))
        lifted._write(wire.SYNC + noise.randbytes(20))
        lifted.pump(0.01)
    board.press("4")
    assert lifted.expect(wire.Key).key == ord("4")
    lifted.send(wire.Report())
    assert lifted.expect(wire.Health).rejected > 0


@pytest.mark.each_vm
def test_replays_are_counted_and_have_no_effect(board: Board, lifted: SerialPeer) -> None:
    frame = lifted.send_sealed(wire.Ping.ID, wire.Ping(77).encode())
    assert lifted.until(lambda: wire.Pong in map(type, lifted.messages), 1)
    lifted.pump(0.1)
    pongs = sum(isinstance(m, wire.Pong) and m.number == 77 for m in lifted.messages)
    lifted._write(frame)
    lifted.pump(0.1)
    assert sum(isinstance(m, wire.Pong) and m.number == 77 for m in lifted.messages) == pongs == 1
    lifted.send(wire.Report())
    assert lifted.expect(wire.Health).replayed == 1


@pytest.mark.each_vm
def test_what_waited_for_a_stalled_handset_is_answered_whole(board: Board, peer: SerialPeer) -> None:
    """More than either VM takes in at once: the rest waits in the kernel, and nothing of it is lost."""
    assert board.vm.pid
    os.kill(board.vm.pid, signal.SIGSTOP)
    try:
        for number in range(1, PINGS + 1):
            peer.ping(number)
    finally:
        os.kill(board.vm.pid, signal.SIGCONT)
    assert peer.until(lambda: any(isinstance(m, wire.Pong) and m.number == PINGS for m in peer.messages), 5)
    numbers = [m.number for m in peer.messages if isinstance(m, wire.Pong) and m.number]
    assert numbers == list(range(1, PINGS + 1))


def test_a_host_without_the_key_gets_no_session(board: Board) -> None:
    peer = SerialPeer(board.path, b"not the real key")
    peer.pinging = False
    assert peer.until(lambda: peer.hello, 3)
    peer.pump(1.2)
    assert not peer.messages and not peer.audio
    peer.close()


def test_a_refusal_slows_the_hellos(board: Board) -> None:
    peer = SerialPeer(board.path, KEY)
    hellos: list[wire.Hello] = []
    peer._greet = hellos.append  # type: ignore[method-assign,assignment]
    assert peer.until(lambda: hellos, 3)
    peer._write(clear_frame(wire.Refuse.ID, wire.Refuse(wire.REFUSE_UNKNOWN_DEVICE, 1, 0, "enroll it").encode()))
    peer.pump(0.1)
    hellos.clear()
    peer.pump(1.5)
    assert not hellos
    peer.probe()
    assert peer.until(lambda: hellos, 1)
    peer.close()


def test_a_host_that_restarts_is_told_everything(board: Board, lifted: SerialPeer) -> None:
    successor = SerialPeer(board.path, KEY)
    successor.epoch = lifted.epoch
    assert successor.call()
    snapshot = successor.expect(wire.Snapshot)
    assert (snapshot.off_hook, snapshot.phase) == (1, wire.PHASE_LISTEN)
    board.press("8")
    assert successor.expect(wire.Key).key == ord("8")
    successor.close()


def test_probes_while_the_host_is_heard_are_counted_and_end_no_session(board: Board, lifted: SerialPeer) -> None:
    """This host would welcome a hello at once, as the real one does."""
    opening = lifted.hello
    for _ in range(20):
        lifted.probe()
        lifted.pump(0.05)
    lifted.send(wire.Report())
    assert lifted.expect(wire.Health).rejected == 20
    assert lifted.hello is opening, "the handset said hello"
    board.press("3")
    assert lifted.expect(wire.Key).key == ord("3")


@pytest.mark.each_vm
def test_a_cut_cable_puts_the_lamp_out_and_heals_with_a_snapshot(board: Board, lifted: SerialPeer) -> None:
    def lit() -> int:
        return board.world.page.u8(at.LEVEL + pins.LED_CALL)

    lifted.send(wire.Show(wire.LAMP_READY))
    assert lifted.until(lit, 3)
    board.cut_cable()
    assert lifted.until(lambda: not lit(), 2 * wire.SILENCE_MS / 1000)
    board.restore_cable()
    assert lifted.expect(wire.Snapshot).off_hook == 1
    assert not lit(), "in service before a host says so"


def test_an_unacknowledged_message_is_repeated(board: Board, lifted: SerialPeer) -> None:
    lifted.acknowledge = False
    board.press("6").wait()
    lifted.pump(0.2)
    lifted.acknowledge = True
    assert lifted.expect(wire.Key).key == ord("6")


@pytest.mark.parametrize(
    ("seed", "bad"),
    [(1, Faults(drop=0.03, corrupt=0.03)), (2, Faults(drop=0.02, delay_ms=8)), (3, Faults(stall=0.01, stall_ms=300))],
)
def test_dialling_over_a_bad_line_arrives_once_and_in_order(seed: int, bad: Faults) -> None:
    with Board(device="wall-7", key=KEY, seed=seed, faults=bad) as board:
        peer = SerialPeer(board.path, KEY)
        peer.expect(wire.Snapshot, 10)
        board.lift()
        peer.expect(wire.Hook, 10)
        board.dial("1234567890")
        assert "".join(chr(peer.expect(wire.Key, 10).key) for _ in range(10)) == "1234567890"
        peer.close()
