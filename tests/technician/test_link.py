"""The technician's end of the link against the real firmware."""

import os
from collections.abc import Iterator

import pytest

from kinline.handsets import _link as wire
from kinline.technician.link import BoardLink
from kinline.technician.ports import held
from kinline.technician.trouble import Trouble
from kinline_sim.board import Board

KEY = os.urandom(16)
pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    with Board(device="wall-1", key=KEY, seed=1) as board:
        yield board.path


def test_a_session_opens_and_reports(port: str) -> None:
    with held(port, "test") as line:
        link = BoardLink(line, {"wall-1": KEY}.get)
        opened = link.open()
        assert opened.device == "wall-1" and link.expect(wire.Snapshot) == opened.snapshot
        link.send(wire.Report())
        assert link.expect(wire.Health).heap_free > 0
        assert link.refused_frames == 0 and not link.closings


def test_a_later_session_takes_over(port: str) -> None:
    """The board still believes in the one before."""
    with held(port, "test") as line:
        assert BoardLink(line, {"wall-1": KEY}.get).open().device == "wall-1"


def test_another_key_is_told_from_another_device(port: str) -> None:
    for keys, code in (({"wall-1": bytes(16)}, "wrong-key"), ({"wall-2": KEY}, "unknown-device")):
        with held(port, "test") as line, pytest.raises(Trouble) as caught:
            BoardLink(line, keys.get).open(3.0)
        assert caught.value.code == code
