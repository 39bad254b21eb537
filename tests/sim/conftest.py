"""A board on the real VM, and a host's end of its link."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.flash import FIRMWARE
from tests.link_peer import SerialPeer

KEY = bytes(range(16))


@pytest.fixture(autouse=True)
def _vm(vm_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINLINE_VM", vm_kind)


@pytest.fixture
def board() -> Iterator[Board]:
    with Board(device="wall-7", key=KEY) as board:
        print(f"seed {board.seed}")
        yield board
        assert board.console == "", "the firmware printed a failure"


@pytest.fixture
def peer(board: Board) -> Iterator[SerialPeer]:
    """A host whose session is up."""
    peer = SerialPeer(board.path, KEY)
    peer.expect(wire.Snapshot)
    yield peer
    peer.close()


@pytest.fixture
def lifted(board: Board, peer: SerialPeer) -> SerialPeer:
    """The same, with the handset off hook."""
    board.lift()
    assert peer.expect(wire.Hook).off_hook == 1
    return peer


def with_file(folder: Path, name: str, text: str) -> Path:
    """A copy of the firmware's sources under this folder, one file replaced."""
    copy = folder / "firmware"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    (copy / name).write_text(text)
    return copy


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[str, str], Path]:
    """Firmware with one file replaced; returns its folder."""
    return partial(with_file, tmp_path)
