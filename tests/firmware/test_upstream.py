"""MicroPython's own tests of the modules that our shims provide or that the firmware relies on: on the 32-bit VM with the
shims in its path and the chip's heap, on a whole simulated board where the event loop is ours (WebAssembly), and on the
WebAssembly VM alone where its cryptolib and clock are ours. What they print is compared as upstream does: with the
expected output beside the test, or else with CPython's.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinline_sim.machines import Unix
from kinline_sim.vm import HEAP
from tests.conftest import BUILD, ROOT
from tests.sim.conftest import with_file
from tests.sim.test_vms import said

TESTS = BUILD / "micropython-tests/tests"
PATIENCE_S = 60

# struct, deque, io, memoryview and array carry every frame; littlefs holds slots and identity; the rest by name.
ON_UNIX = (
    "extmod/asyncio_*", "extmod/binascii_*", "extmod/cryptolib_*", "extmod/hashlib_*", "extmod/json_*", "extmod/select_*",
    "extmod/ticks_*", "extmod/time_*", "extmod/machine*", "extmod/uctypes_*", "extmod/vfs_[!fp]*", "basics/struct*",
    "basics/deque*", "basics/io_*", "basics/bytearray*", "basics/memoryview*", "basics/array*", "basics/async_*", "io/*",
)  # fmt: skip
ON_THE_BOARD = ("extmod/asyncio_*",)
ON_WASM = ("extmod/cryptolib_*", "extmod/hashlib_*", "extmod/binascii_*", "extmod/json_*", "extmod/ticks_*", "extmod/time_*")

_ONE_RUN = "a second asyncio.run(): there the loop of a program is parked once, and the firmware has one"
_OURS = "the shim offers what the firmware uses of machine, and this is not among it"
_NO_CTR = "AES-CTR is left out of the ESP32's firmware, so of the VM and of the shim"
NOT_HERE = {
    "unix": {
        "extmod/cryptolib_aes128_ctr": _NO_CTR,
        "extmod/machine1": "needs unittest, which is not in the VM",
        "extmod/machine_disable_irq": _OURS,
        "extmod/machine_i2s_rate": "knows only the boards that it names; the shim's codec is clocked for one rate",
        "extmod/machine_pinbase": _OURS,
        "extmod/machine_pulse": _OURS,
        "extmod/machine_rtc": "the calendar: of the RTC the firmware uses the memory alone, and so has the shim",
        "extmod/machine_signal": _OURS,
        "extmod/machine_soft_timer": _OURS,
        "extmod/machine_spi_rate": _OURS,
        "extmod/machine_uart_irq_txidle": _OURS,
        "extmod/machine_uart_tx": _OURS,
        "extmod/select_poll_fd": "polls six thousand descriptors, for which the chip's heap has no room",
        "extmod/vfs_rom": "needs unittest, which is not in the VM",
        "basics/io_buffered_writer": "io.BufferedWriter is left out of the VM",
        "basics/memoryview_itemsize": "memoryview.itemsize is left out of the VM",
    },
    "board": {
        "extmod/asyncio_as_uasyncio": "the module's name of before 1.21, gone from this version",
        "extmod/asyncio_current_task": _ONE_RUN,
        "extmod/asyncio_exception": _ONE_RUN,
        "extmod/asyncio_gather_finished_early": _ONE_RUN,
        "extmod/asyncio_wait_for_fwd": _ONE_RUN,
        "extmod/asyncio_heaplock": "a locked heap under the loop's Python; the firmware never locks it",
        "extmod/asyncio_loop_stop": "Loop.run_forever: not in the shim's loop, not used by the firmware",
        "extmod/asyncio_new_event_loop": "Loop.run_forever: not in the shim's loop, not used by the firmware",
    },
    "wasm": {
        "extmod/cryptolib_aes128_ctr": _NO_CTR,
        "extmod/hashlib_md5": "left out of this build; the firmware uses SHA-256",
        "extmod/hashlib_sha1": "left out of this build; the firmware uses SHA-256",
        "extmod/binascii_a2b_base64": "this build's own says Exception for ValueError; the firmware has no base64",
    },
}  # fmt: skip


def chosen(patterns: tuple[str, ...]) -> list[str]:
    """The names of the tests, without their suffix; one empty name where they were not set up."""
    found = [path for pattern in patterns for path in sorted(TESTS.glob(f"{pattern}.py"))]
    return [path.relative_to(TESTS).with_suffix("").as_posix() for path in found] or [""]


def upstream(name: str, where: str) -> tuple[Path, str]:
    """The test's file and what it has to print; skips a test that does not apply here."""
    if not name:
        pytest.skip("MicroPython's own tests are missing: run make setup")
    if reason := NOT_HERE[where].get(name):
        pytest.skip(f"{name}: {reason}")
    file = TESTS / f"{name}.py"
    expected = file.with_suffix(".py.exp")
    if expected.exists():
        return file, expected.read_text()
    told = run([sys.executable, str(file)], file.parent)
    return file, told


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode()


@pytest.mark.vm
@pytest.mark.parametrize("name", chosen(ON_UNIX))
def test_with_the_shims_on_the_32_bit_vm(name: str, micropython: Path) -> None:
    file, expected = upstream(name, "unix")
    command = [str(micropython), "-X", f"heapsize={HEAP}", str(file)]
    assert run(command, file.parent, Unix().environment()) == expected


@pytest.mark.vm
@pytest.mark.parametrize("name", chosen(ON_THE_BOARD))
def test_with_our_event_loop_on_a_board(name: str, micropython_wasm: Path, tmp_path: Path) -> None:
    file, expected = upstream(name, "board")
    assert said("wasm", with_file(tmp_path, "main.py", file.read_text())) == expected


@pytest.mark.parametrize("name", chosen(ON_WASM))
def test_with_our_cryptolib_and_clock_on_webassembly(name: str, micropython_wasm: Path) -> None:
    file, expected = upstream(name, "wasm")
    command = ["node", str(ROOT / "sim/kinline_sim/wasm/run.mjs"), str(micropython_wasm), "run", "--", str(file)]
    assert run(command, ROOT) == expected


def _left_out() -> Iterator[str]:
    for where, patterns in (("unix", ON_UNIX), ("board", ON_THE_BOARD), ("wasm", ON_WASM)):
        yield from NOT_HERE[where].keys() - set(chosen(patterns))


def test_nothing_is_left_out_that_is_not_chosen() -> None:
    if not TESTS.exists():
        pytest.skip("MicroPython's own tests are missing: run make setup")
    assert not list(_left_out())


def test_the_machine_that_upstream_finds_is_the_shim(micropython: Path) -> None:
    """Else the above were tests of the VM alone, which has a machine module, too, and other pins."""
    program = "import machine\ntry:\n    machine.Pin(33)\nexcept ValueError as error:\n    print(error)"
    assert "is not connected on this board" in run([str(micropython), "-c", program], ROOT, Unix().environment())
