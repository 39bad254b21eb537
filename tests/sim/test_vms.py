"""The second VM is to be told from the first by nothing but its version: the same programs say the same on both."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from kinline.handsets import _link as wire
from kinline_sim import machines
from kinline_sim.board import Board
from kinline_sim.machines import VmError, choose
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY

pytestmark = pytest.mark.vm

Alter = Callable[[str, str], Path]
PROGRAMS = Path(__file__).with_name("programs")


def said(kind: str, source: Path) -> str:
    """What a board prints until its program ends."""
    with Board(source=source, seed=1, vm=kind) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: board.vm.failure, 20), board.console
        peer.close()
        assert board.vm.failure and "status 0" in board.vm.failure, board.console
        return board.console


@pytest.mark.parametrize("program", [path.stem for path in sorted(PROGRAMS.glob("*.py"))])
def test_a_program_says_the_same_on_both(program: str, altered: Alter, every_vm: tuple[str, ...]) -> None:
    source = altered("main.py", (PROGRAMS / f"{program}.py").read_text())
    first, *others = [said(kind, source) for kind in every_vm]
    assert first.count("\n") > 3
    assert others == [first] * len(others)


@pytest.mark.each_vm
def test_what_the_firmware_wrote_is_there_after_a_restart(altered: Alter) -> None:
    source = altered(
        "main.py",
        "import os\nname = '/box/note'\n"
        "try:\n    print('found', open(name).read())\n"
        "except OSError:\n    os.mkdir('/box')\n    file = open(name, 'w')\n    file.write('kept' * 300)\n"
        "    file.close()\n    import machine\n    machine.reset()\n",
    )
    with Board(source=source, seed=1) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: board.vm.failure, 10), board.console
        assert board.console == f"found {'kept' * 300}\n" and board.boot_count == 2
        peer.close()


@pytest.mark.each_vm
def test_a_main_task_that_fails_restarts_the_handset_and_is_told(altered: Alter) -> None:
    faulty = altered(
        "main.py",
        "import asyncio, machine, slots\nfrom handset import app\n"
        "async def broken(self):\n    await asyncio.sleep_ms(100)\n    raise OSError(5)\n"
        "if not slots.recall(machine.RTC().memory())[1]: app.App._health = broken\n"
        "app.main()\n",
    )
    with Board(device="wall-7", key=KEY, source=faulty, seed=1) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: board.boot_count == 2, 5), board.console
        assert peer.until(lambda: any(isinstance(m, wire.Snapshot) and m.reset == wire.RESET_FAULT for m in peer.messages), 5)
        assert "OSError" in board.console
        peer.close()


LATE_READER = """
import asyncio, binascii
from machine import UART, Pin
from handset import _board as board
uart = UART(board.UART_ID, board.UART_BAUD, tx=Pin(board.LINK_TX), rx=Pin(board.LINK_RX))

async def main():
    print("deaf")
    await asyncio.sleep_ms(800)
    reader, buffer, total, crc = asyncio.StreamReader(uart), bytearray(1000), 0, 0
    while total < 16000:
        count = await reader.readinto(buffer)
        crc = binascii.crc32(memoryview(buffer)[:count], crc)
        total += count
    print(total, crc)

asyncio.run(main())
"""


@pytest.mark.each_vm
def test_bytes_wait_for_firmware_that_reads_late(altered: Alter) -> None:
    """More of them than the VM itself keeps: the rest stays in the kernel meanwhile."""
    sent = Random(1).randbytes(16000)
    with Board(source=altered("main.py", LATE_READER), seed=1) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: "deaf" in board.console, 5)
        for at in range(0, len(sent), 1000):
            os.write(peer.fd, sent[at : at + 1000])
            peer.pump(0.01)
        assert peer.until(lambda: board.vm.failure, 5), board.console
        assert board.console == f"deaf\n{len(sent)} {zlib.crc32(sent)}\n"
        peer.close()


def test_the_32_bit_vm_is_taken_where_it_runs(every_vm: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINLINE_VM", raising=False)
    assert choose().kind == every_vm[0] == "unix"


def test_without_a_32_bit_vm_the_other_is_taken_and_says_why(
    tmp_path: Path, micropython_wasm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "micropython"
    broken.write_text("#!/bin/sh\necho 'cannot execute: required file not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("KINLINE_MICROPYTHON", str(broken))
    monkeypatch.delenv("KINLINE_VM", raising=False)
    machines._trouble_with_unix.cache_clear()
    try:
        machine = choose()
        assert machine.kind == "wasm"
        assert machine.why == "the 32-bit one does not run here: cannot execute: required file not found"
        monkeypatch.setenv("KINLINE_MICROPYTHON_WASM", str(tmp_path))
        with pytest.raises(VmError, match=r"required file not found; and no WebAssembly MicroPython in .* run 'make setup'"):
            choose()
    finally:
        machines._trouble_with_unix.cache_clear()


def test_an_unknown_vm_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VmError, match="no such VM as 'qemu': choose auto, unix, wasm"):
        choose("qemu")
    monkeypatch.setenv("KINLINE_VM", "best")
    with pytest.raises(VmError, match="'best'"):
        choose()
