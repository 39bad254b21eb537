"""The handset under test: `--bench sim` (default), or `--bench hw:/dev/ttyUSB0` with its key in KINLINE_DEVICE_KEY."""

import os
from collections.abc import Iterator

import pytest
from pytest_embedded import Dut

from kinline.handsets import _board as link_board
from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.flash import IdentityError, parse_key
from tests.device.bench import Attended, Bench, Simulated
from tests.link_peer import SerialPeer


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """What the command line asked for; the test is skipped if it needs more than that can do."""
    kind, _, port = request.config.getoption("--bench").partition(":")
    needs = {marker.name.removeprefix("needs_") for marker in request.node.iter_markers() if marker.name.startswith("needs_")}
    if kind == "hw" and port:
        yield _able(Attended(port, _key()), needs)
    elif kind == "sim" and not port:
        vm = request.getfixturevalue("any_vm")
        with Board(device="bench", key=os.urandom(16), vm=vm) as board:
            yield _able(Simulated(board), needs)
    else:
        raise pytest.UsageError(f"--bench {kind}: write sim, or hw: and a serial port, such as hw:/dev/ttyUSB0")


def _able(bench: Bench, needs: set[str]) -> Bench:
    if missing := needs - bench.capabilities:
        pytest.skip(f"this bench has no {' and no '.join(sorted(missing))}")
    return bench


def _key() -> bytes:
    try:
        return parse_key(os.environ.get("KINLINE_DEVICE_KEY", ""))
    except IdentityError as error:
        raise pytest.UsageError(f"KINLINE_DEVICE_KEY, the handset's key: {error}") from error


# What pytest-embedded would take from the command line.


@pytest.fixture
def embedded_services() -> str:
    return "serial"


@pytest.fixture
def port(bench: Bench) -> str:
    return bench.port


@pytest.fixture
def baud() -> str:
    return str(link_board.BAUD)


# The host's end of the link


@pytest.fixture
def host(dut: Dut, bench: Bench) -> Iterator[SerialPeer]:
    """A host whose session with the handset has just come up."""
    with dut.serial.disable_redirect_thread():
        host = SerialPeer(dut.serial.proc.fileno(), bench.key)
        host.probe()
        host.until(lambda: host.up, 5.0)
        yield host


@pytest.fixture
def lifted(bench: Bench, host: SerialPeer) -> Iterator[SerialPeer]:
    """The same, with the handset off hook; it is hung up again in the end."""
    host.expect(wire.Snapshot)
    bench.lift()
    assert host.expect(wire.Hook, bench.patience_s).off_hook == 1
    yield host
    bench.hang_up()
    assert host.expect(wire.Hook, bench.patience_s).off_hook == 0
