"""Resets of every kind: a new boot, its cause told, the port still open."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY

pytestmark = [pytest.mark.vm, pytest.mark.each_vm]

Alter = Callable[[str, str], Path]


def first_boot(peer: SerialPeer) -> int:
    assert peer.hello
    return peer.hello.boot


def test_a_hung_handset_is_restarted_by_its_watchdog(board: Board, peer: SerialPeer) -> None:
    boot = first_boot(peer)
    assert board.vm.pid
    os.kill(board.vm.pid, signal.SIGSTOP)
    assert peer.expect(wire.Snapshot, 6).reset == wire.RESET_WATCHDOG
    assert first_boot(peer) != boot
    assert board.boot_count == 2


def test_the_host_may_reboot_an_idle_handset(board: Board, peer: SerialPeer) -> None:
    boot = first_boot(peer)
    peer.send(wire.Reboot())
    assert peer.expect(wire.Snapshot).reset == wire.RESET_SOFT
    assert first_boot(peer) != boot


def test_an_exception_restarts_the_handset_and_is_told(altered: Alter) -> None:
    faulty = altered(
        "main.py",
        "import asyncio\nfrom handset import app\n"
        "async def broken(self):\n    await asyncio.sleep_ms(400)\n    raise OSError('4821\\n  File \"202555\"')\n"
        "app.App._tick, tick = broken, app.App._tick\n"
        "import machine, slots\nif slots.recall(machine.RTC().memory())[1]: app.App._tick = tick\n"
        "app.main()\n",
    )
    # The tick task also says hello: the handset is heard only once it has restarted with the sound one.
    with Board(device="wall-7", key=KEY, source=faulty) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.expect(wire.Snapshot, 8).reset == wire.RESET_FAULT
        assert "OSError" in board.console and 'main.py", line 5, in broken' in board.console
        assert "4821" not in board.console and "202555" not in board.console, "what a caller dialled is on the service UART"
        peer.send(wire.Report())
        assert f"reset cause {wire.RESET_FAULT}, OSError" in peer.expect(wire.Events).text
        peer.close()


def test_a_handset_without_identity_says_so_and_makes_no_storm(altered: Alter) -> None:
    nobody = altered("main.py", "import os\nos.remove('/device.json')\nfrom handset import app\napp.main()\n")
    with Board(source=nobody) as board:
        started = time.monotonic()
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: "provision this handset" in board.console, 5)
        peer.until(lambda: board.vm.failure, 2.5)
        assert not peer.hello
        assert board.boot_count <= 1 + (time.monotonic() - started) / 0.6  # the pause after a fault
        peer.close()


def test_a_power_cut_forgets_everything(board: Board, peer: SerialPeer) -> None:
    board.power_off()
    board.power_on()
    assert peer.expect(wire.Snapshot, 5).reset == wire.RESET_POWER_ON


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Pin(33, Pin.OUT)", "GPIO 33 is not connected on this board"),
        ("Pin(1, Pin.OUT)", "GPIO 1 (HOOK_SENSE) is wired as adc, not as out"),
        ("Pin(42, Pin.IN)", "GPIO 42 needs its pull-up"),
    ],
)
def test_pins_that_the_board_lacks_are_errors(altered: Alter, line: str, complaint: str) -> None:
    with Board(source=altered("main.py", f"from machine import Pin\n{line}\n")) as board:
        peer = SerialPeer(board.path, KEY)
        assert peer.until(lambda: board.vm.failure, 3)
        assert complaint in board.console
        peer.close()
