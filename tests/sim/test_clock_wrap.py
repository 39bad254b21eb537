"""A talk across the wrap of the handset's clock at 2**30 ms, twelve days after boot. A whole call: tests/call."""

import subprocess
import time

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY
from tests.sim.test_talk_cut import assert_cut_on_time, grant

pytestmark = pytest.mark.vm


def later_clock(before_wrap_s: int) -> tuple[list[str], float]:
    """A command that runs another with a monotonic clock so long before its wrap, and the time.monotonic() of the wrap.

    Skips where that is not allowed.
    """
    offset = wire.TICKS_PERIOD // 1000 - int(time.monotonic()) - before_wrap_s
    command = ["unshare", "--time", "--monotonic", str(offset)]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        command[1:1] = ["--user", "--map-root-user"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
            pytest.skip("time namespaces are not allowed here")
    return command, wire.TICKS_PERIOD / 1000 - offset


@pytest.mark.each_vm
def test_a_talk_is_cut_on_time_across_the_wrap() -> None:
    with Board(device="wall-7", key=KEY, seed=3, launcher=later_clock(5)[0]) as board:
        peer = SerialPeer(board.path, KEY)
        assert wire.TICKS_PERIOD - peer.expect(wire.Snapshot).ticks < 8000
        board.lift()
        peer.expect(wire.Hook)
        over = grant(peer, milliseconds=6500)
        ended = peer.expect(wire.TalkEnded, 8)
        assert ended.cause == wire.CAUSE_DEADLINE and ended.ticks < 8000
        assert abs(ended.talk - 6500) < 50
        assert_cut_on_time(board, over)
        board.hang_up()
        peer.expect(wire.Hook)
        peer.close()
