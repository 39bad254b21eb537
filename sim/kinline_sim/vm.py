"""The process that stands in for the chip, and the supervisor that resets it."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from kinline_sim.machines import Machine

_RESET_EXIT = 75
PWRON_RESET, WDT_RESET, SOFT_RESET = 1, 3, 5
HEAP = "160K"  # of the about 200 KB that an ESP32-S3 without PSRAM leaves; the shims take their part of it


class Vm:
    """Runs the firmware of one board and starts it again after each reset, on the same descriptors.

    on_start(cause) is called before each start with the reset cause, on_stop() after each end; both come from the
    supervising thread. machine is the build it runs on.
    """

    def __init__(
        self,
        machine: Machine,
        flash: Path,
        fds: Sequence[int],
        console: IO[bytes],
        on_start: Callable[[int], None],
        on_stop: Callable[[], None],
        heap: str = HEAP,
        launcher: Sequence[str] = (),
    ) -> None:
        self.machine = machine
        self._flash, self._heap = flash, heap
        # setpriv: a board dies with its world, however that dies; an orphan would spin on its closed serial port.
        self._launcher = ["setpriv", "--pdeathsig", "KILL", *launcher]
        self._fds = tuple(fds)
        self._console = console
        self._on_start, self._on_stop = on_start, on_stop
        self._lock = threading.Lock()  # protects the three below
        self._process: subprocess.Popen[bytes] | None = None
        self._powered = False
        self._cause = PWRON_RESET
        self._thread: threading.Thread | None = None
        self.boots = 0
        self.failure: str | None = None

    @property
    def pid(self) -> int | None:
        with self._lock:
            return self._process.pid if self._process else None

    def power_on(self) -> None:
        with self._lock:
            if self._powered:
                return
            self._powered = True
            self._cause = PWRON_RESET
        self._thread = threading.Thread(target=self._supervise, name="vm", daemon=True)
        self._thread.start()

    def power_off(self) -> None:
        """Returns once the VM is gone."""
        with self._lock:
            self._powered = False
            if self._process:
                self._process.kill()
        if self._thread:
            self._thread.join()
            self._thread = None

    def watchdog_bites(self) -> None:
        """Reset a VM that no longer feeds its watchdog, stopped or not."""
        with self._lock:
            if self._process:
                self._cause = WDT_RESET
                self._process.kill()

    def _supervise(self) -> None:
        while self._boot():
            pass

    def _boot(self) -> bool:
        """Run the firmware from a reset to the next one; False when there will be none."""
        with self.machine.flash(self._flash) as (flash, more_fds):
            with self._lock:
                if not self._powered:
                    return False
                self._on_start(self._cause)
                self._cause = SOFT_RESET
                command = [*self._launcher, *self.machine.command(self._fds, flash, self._heap)]
                self._process = subprocess.Popen(
                    command,
                    env=self.machine.environment(),
                    pass_fds=(*self._fds, *more_fds),
                    stdin=subprocess.DEVNULL,
                    stdout=self._console,
                    stderr=subprocess.STDOUT,
                )
                self.boots += 1
                process = self._process
            code = process.wait()
        self._on_stop()
        with self._lock:
            self._process = None
            if code != _RESET_EXIT and self._cause != WDT_RESET and self._powered:
                # On the board an ended main.py drops to a prompt that nobody sees: the handset is dead.
                self.failure = f"the firmware ended with status {code}; its console says why"
                self._powered = False
            return self._powered
