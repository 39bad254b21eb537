"""The handset ends its own talk: relay open within 250 ms of the grant, whoever has died (property P3)."""

import os
import signal
import time

import numpy as np
import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer

pytestmark = pytest.mark.vm

GRANT_MS = 900
LATEST_S = 0.250


def grant(peer: SerialPeer, call: int = 7, milliseconds: int = GRANT_MS) -> float:
    """Open a talk and return the moment by time.monotonic() at which it has to be over."""
    peer.ping(999)
    assert peer.until(lambda: any(isinstance(m, wire.Pong) and m.number == 999 for m in peer.messages), 1)
    read = time.monotonic()
    ticks = next(m.ticks for m in peer.messages if isinstance(m, wire.Pong) and m.number == 999)
    number = peer.send(wire.Talk(call, (ticks + milliseconds) % wire.TICKS_PERIOD, milliseconds + 5000))
    assert peer.until(lambda: peer.acknowledged == number, 1)
    return read + milliseconds / 1000


def opened_at(board: Board, wait: float) -> float:
    """When the relay opened for good."""
    time.sleep(max(0.0, wait - time.monotonic()))
    log = board.relay_log
    assert log and not log[-1][1], "the relay is still closed"
    return log[-1][0]


def assert_cut_on_time(board: Board, over: float) -> None:
    """That the talk was heard at all, and when it ended. Too early an end shows in the handset's own report; a starved
    test machine may drop the relay for a moment in between."""
    opened = opened_at(board, over + LATEST_S + 0.1)
    assert opened <= over + LATEST_S, f"{(opened - over) * 1000:.0f} ms after the grant"
    assert any(closed for _, closed in board.relay_log)


@pytest.mark.each_vm
def test_with_everything_alive(board: Board, lifted: SerialPeer) -> None:
    over = grant(lifted)
    ended = lifted.expect(wire.TalkEnded)
    assert (ended.call, ended.cause) == (7, wire.CAUSE_DEADLINE)
    assert abs(ended.talk - GRANT_MS) < 50
    assert_cut_on_time(board, over)


def test_with_a_host_that_went_silent(board: Board, lifted: SerialPeer) -> None:
    over = grant(lifted)
    assert_cut_on_time(board, over)


@pytest.mark.each_vm
def test_with_a_host_that_closed_the_port(board: Board, peer: SerialPeer) -> None:
    board.lift()
    peer.expect(wire.Hook)
    over = grant(peer)
    os.close(peer.fd)
    try:
        assert_cut_on_time(board, over)
    finally:
        peer.fd = os.open(os.devnull, os.O_RDONLY)


@pytest.mark.each_vm
def test_with_the_cable_cut(board: Board, lifted: SerialPeer) -> None:
    over = grant(lifted)
    board.cut_cable()
    assert_cut_on_time(board, over)


def test_a_talk_outlives_a_lost_link_but_not_its_grant(board: Board, lifted: SerialPeer) -> None:
    over = grant(lifted, milliseconds=wire.SILENCE_MS + 700)
    board.cut_cable()
    time.sleep(max(0.0, over - 0.15 - time.monotonic()))
    assert board.relay_closed
    assert_cut_on_time(board, over)


@pytest.mark.each_vm
def test_with_firmware_that_hangs(board: Board, lifted: SerialPeer) -> None:
    grant(lifted, milliseconds=60000)
    assert lifted.until(lambda: board.relay_closed, 1)
    stopped = time.monotonic()
    assert board.vm.pid
    os.kill(board.vm.pid, signal.SIGSTOP)
    opened = opened_at(board, stopped + LATEST_S + 0.05)
    assert stopped <= opened <= stopped + LATEST_S


@pytest.mark.each_vm
def test_on_hook_ends_the_talk_at_once(board: Board, lifted: SerialPeer) -> None:
    grant(lifted, milliseconds=60000)
    assert lifted.until(lambda: board.relay_closed, 1)
    board.hang_up().wait()
    down = time.monotonic()
    ended = lifted.expect(wire.TalkEnded)
    assert ended.cause == wire.CAUSE_ON_HOOK
    assert opened_at(board, down + 0.3) <= down + LATEST_S


def test_a_repeated_grant_extends_nothing(board: Board, lifted: SerialPeer) -> None:
    over = grant(lifted)
    lifted.pump(0.3)
    grant(lifted, milliseconds=60000)
    assert lifted.expect(wire.TalkEnded).cause == wire.CAUSE_DEADLINE
    assert_cut_on_time(board, over)


def test_the_limit_holds_against_a_wrong_deadline(board: Board, lifted: SerialPeer) -> None:
    lifted.ping(1)
    ticks = lifted.expect(wire.Pong).ticks
    lifted.send(wire.Talk(3, (ticks + 3_600_000) % wire.TICKS_PERIOD, 400))
    assert abs(lifted.expect(wire.TalkEnded).talk - 400) < 50


def test_the_host_ends_a_talk(board: Board, lifted: SerialPeer) -> None:
    grant(lifted, milliseconds=60000)
    lifted.send(wire.End(7))
    assert lifted.expect(wire.TalkEnded).cause == wire.CAUSE_HOST


@pytest.mark.each_vm
def test_the_microphone_is_silent_outside_a_talk(board: Board, lifted: SerialPeer) -> None:
    board.speak(np.full(16000 * 5, 9000, np.int16))
    lifted.pump(0.4)
    assert lifted.audio and not any(any(frame) for frame in lifted.audio), "heard before any grant"
    grant(lifted, milliseconds=300)
    lifted.expect(wire.TalkEnded)
    assert any(any(frame) for frame in lifted.audio), "the talk itself was mute"
    lifted.pump(0.05)
    lifted.audio.clear()
    lifted.pump(0.3)
    assert lifted.audio and not any(any(frame) for frame in lifted.audio), "heard after the grant"
