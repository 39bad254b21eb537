"""The handset under test: `--bench sim` (default), `--bench sim:rfc2217` for one behind a network, or a real one,
`--bench hw:/dev/ttyUSB0` or `hw:rfc2217://HOST:PORT`, with its key in KINLINE_DEVICE_KEY.

By default the tests of FAR_TOO run on both simulated benches.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_embedded import Dut

from kinline.handsets import _board as link_board
from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.chip_faults import ChipFaults
from kinline_sim.flash import IdentityError, build_flash, parse_key
from tests.device.bench import Attended, Bench, Simulated
from tests.link_peer import SerialPeer

# What a port behind a network may lose, once each: a clear frame, a session over a reset, control. Sound wants a quiet machine
# there, three threads and two sockets lying between: it is for the bench of one's own choice.
FAR_TOO = {
    "test_says_hello",
    "test_reboots_when_told",
    "test_an_entry_is_collected_and_sent_once",
}

lacking: Counter[str] = Counter()  # by capability, the tests that this bench could not run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for capability, count in sorted(lacking.items()):
        terminalreporter.write_line(f"bench without {capability}: {count} tests skipped")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked = metafunc.config.getoption("--bench")
    if "bench_kind" in metafunc.fixturenames:
        both = asked == "sim" and metafunc.function.__name__ in FAR_TOO
        metafunc.parametrize("bench_kind", ["sim", "sim:rfc2217"] if both else [asked])


@pytest.fixture
def bench(bench_kind: str, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """What the command line asked for; the test is skipped if it needs more than that can do."""
    kind, _, port = bench_kind.partition(":")
    needs = {marker.name.removeprefix("needs_") for marker in request.node.iter_markers() if marker.name.startswith("needs_")}
    if kind == "hw" and port:
        yield _able(Attended(port, _key()), needs)
    elif kind == "sim" and port in ("", "rfc2217"):
        vm = request.getfixturevalue("any_vm")
        with _simulated(vm, request.getfixturevalue("tmp_path"), far=port == "rfc2217") as board:
            yield _able(Simulated(board), needs)
    else:
        raise pytest.UsageError(f"--bench {bench_kind}: write sim, sim:rfc2217, or hw: and a port, such as hw:/dev/ttyUSB0")


def _simulated(vm: str, folder: Path, far: bool) -> Board:
    key = os.urandom(16)
    if not far:
        return Board(device="bench", key=key, vm=vm)
    flash = folder / "chip.bin"
    build_flash(flash, "bench", key)
    return Board(device="bench", key=key, vm=vm, flash=flash, chip=ChipFaults(), rfc2217=0)


def _able(bench: Bench, needs: set[str]) -> Bench:
    if missing := needs - bench.capabilities:
        lacking.update(missing)
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
        line = dut.serial.proc
        host = SerialPeer(-1, bench.key, line) if "://" in bench.port else SerialPeer(line.fileno(), bench.key)
        host.call()
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
