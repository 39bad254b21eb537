"""Today's firmware with the host of the release before, which speaks link 1.0 and knows no later message."""

import importlib.util
import sys
import types
from collections.abc import Iterator

import pytest

from kinline_sim.board import Board
from tests import link_peer
from tests.conftest import ROOT
from tests.link.contracts import contracts
from tests.sim.conftest import KEY

pytestmark = [pytest.mark.vm, pytest.mark.each_vm]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """The messages of the contract as it was released; the test's host speaks these."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "hw/generate.py")
    assert spec and spec.loader
    generate = importlib.util.module_from_spec(spec)
    monkeypatch.syspath_prepend(str(ROOT / "hw"))
    spec.loader.exec_module(generate)
    module = types.ModuleType("released_link")
    monkeypatch.setitem(sys.modules, "released_link", module)  # dataclasses look their module up
    exec(generate.host_link(contracts.load_link(ROOT / "tests/compat/link-1.0.toml")), module.__dict__)
    monkeypatch.setattr(link_peer, "wire", module)
    yield module


def test_a_call_with_the_host_of_the_release_before(board: Board, wire: types.ModuleType) -> None:
    assert (wire.MAJOR, wire.MINOR) == (1, 0) and not hasattr(wire, "UpdateOffer")
    peer = link_peer.SerialPeer(board.path, KEY)
    assert peer.expect(wire.Snapshot).off_hook == 0
    assert peer.hello and (peer.hello.major, peer.hello.minor) == (1, 1)
    board.lift()
    assert peer.expect(wire.Hook).off_hook == 1
    peer.send(wire.Collect(1, wire.COLLECT_SECRET, 4, 12, ord("#"), 60_000, 60_000))
    board.dial("4821#")
    assert peer.expect(wire.Entry, 5).digits == b"4821"
    peer.ping(1)
    ticks = peer.expect(wire.Pong).ticks
    while not any(isinstance(message, wire.Pong) for message in peer.messages):
        peer.ping(2)
        peer.pump(0.05)
    peer.send(wire.Talk(7, (ticks + 2000) % wire.TICKS_PERIOD, 5000))
    ended = peer.expect(wire.TalkEnded, 5)
    assert (ended.call, ended.cause) == (7, wire.CAUSE_DEADLINE) and len(peer.audio) > 60
    board.hang_up()
    assert peer.expect(wire.Hook).off_hook == 0
    peer.send(wire.Report())
    assert peer.expect(wire.Health).rejected == 0 and peer.expect(wire.Events).text
    peer.close()
