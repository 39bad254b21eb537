"""A handset is lifted again and again: what the codec had not played at hanging up must not stop the next use."""

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer

pytestmark = pytest.mark.vm

TIMES = 5
FRAMES = 25


def test_sound_runs_each_time_the_handset_is_lifted(board: Board, peer: SerialPeer) -> None:
    for _ in range(TIMES):
        board.lift()
        assert peer.expect(wire.Hook).off_hook == 1
        before = len(peer.audio)
        assert peer.until(lambda before=before: len(peer.audio) >= before + FRAMES, 5.0), "the handset fell silent"
        board.hang_up()
        assert peer.expect(wire.Hook).off_hook == 0
    assert board.boot_count == 1
