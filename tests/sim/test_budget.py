"""The handset's memory: what a call takes of it at most, and what happens when there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY
from tests.sim.test_talk_cut import grant

pytestmark = pytest.mark.vm
HEAP_BYTES = 96 * 1024  # of about 200 KB that the chip leaves


def test_a_call_takes_no_more_than_its_share_of_the_heap(board: Board, lifted: SerialPeer) -> None:
    """With an update refused before it, so that everything that a handset ever loads is there."""
    board.hang_up()
    assert lifted.expect(wire.Hook).off_hook == 0
    lifted.send(wire.UpdateOffer(10, bytes(32)))
    assert lifted.expect(wire.UpdateState).state == wire.UPDATE_REFUSED
    board.lift()
    assert lifted.expect(wire.Hook).off_hook == 1
    grant(lifted, milliseconds=60_000)
    lifted.pump(5.0)
    assert len(lifted.audio) > 200
    board.hang_up()
    assert lifted.expect(wire.TalkEnded, 5).cause == wire.CAUSE_ON_HOOK
    health = lifted.expect(wire.Health)
    print(f"heap peak {health.heap_peak:,} bytes")
    assert health.heap_peak <= HEAP_BYTES


def test_out_of_memory_is_a_visible_restart(altered: Callable[[str, str], Path]) -> None:
    hungry = altered(
        "main.py",
        "import asyncio, machine, slots\nfrom handset import app\n"
        "async def hungry(self):\n    await asyncio.sleep_ms(300)\n    kept = []\n    while True:\n"
        "        kept.append(bytearray(4096))\n"
        "if not slots.recall(machine.RTC().memory())[1]: app.App._tick = hungry\n"
        "app.main()\n",
    )
    with Board(device="wall-7", key=KEY, source=hungry, vm="unix") as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.expect(wire.Snapshot, 10).reset == wire.RESET_MEMORY
        assert "MemoryError" in board.console
        peer.send(wire.Report())
        assert f"reset cause {wire.RESET_MEMORY}, MemoryError" in peer.expect(wire.Events).text
        peer.close()
