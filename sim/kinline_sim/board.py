"""One simulated handset: a hand, a board and the real firmware, seen from outside as a serial port."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random, SystemRandom
from types import TracebackType
from typing import Self

from kinline_sim import contacts
from kinline_sim.bench import Line, chip_at
from kinline_sim.chip_faults import ChipFaults
from kinline_sim.clockwork import clockwork
from kinline_sim.codec import Samples, load_speech
from kinline_sim.compiled import FIRMWARE
from kinline_sim.faults import Faults, FaultyLine
from kinline_sim.flash import build_flash
from kinline_sim.hand import PRESS_S, Gesture, Hand
from kinline_sim.machines import choose
from kinline_sim.vm import HEAP, Vm
from kinline_sim.world import World


class Board:
    """A handset to be lifted, dialled and cut; `async with` or `with` starts and stops it.

    path is the serial port to open. Either flash (an existing image) or device and key are needed, and then a bundle or
    the folder of the firmware's source may be named. The verbs
    lift, hang_up, press and dial follow one another like one hand's; each returns a Gesture. launcher is a command
    that starts the VM in surroundings of its own, such as another clock. vm is auto, unix or wasm; see machines.py.

    chip puts the ROM loader in front of the firmware, so that esptool may write the flash (a blank one is made if there
    is none), at the cost of a thread through which the link passes. rfc2217 is a TCP port, 0 for any, in place of a pty.
    heard() goes back remember_s seconds, or to the start.
    """

    def __init__(
        self,
        *,
        device: str = "sim-1",
        key: bytes = bytes(16),
        flash: Path | None = None,
        link: Path | None = None,
        seed: int | None = None,
        heap: str = HEAP,
        source: Path | None = None,
        bundle: bytes | None = None,
        faults: Faults | None = None,
        launcher: Sequence[str] = (),
        vm: str | None = None,
        chip: ChipFaults | None = None,
        rfc2217: int | None = None,
        remember_s: float | None = None,
    ) -> None:
        self.machine = choose(vm)
        self.seed = SystemRandom().randrange(1 << 32) if seed is None else seed
        self.device, self.key = device, key
        self._random = Random(self.seed)
        self._folder = Path(tempfile.mkdtemp(prefix="kinline-board-"))
        self.flash = flash or self._folder / "flash.bin"
        if flash is None:
            build_flash(self.flash, device, key, source or FIRMWARE, bundle)
        self._link = link
        self._heap, self._launcher = heap, launcher
        self._faults = faults
        self._chip_faults, self._rfc2217 = chip, rfc2217
        self._remember_s = remember_s
        self._worse: FaultyLine | None = None
        self.console_path = self._folder / "console.txt"

    def start(self) -> Self:
        self._line = Line(self._rfc2217)
        self.path = self._line.path
        self.chip = None if self._chip_faults is None else chip_at(self._line, self.flash, self._chip_faults, self._random)
        if self._link:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.path)
        self._console = self.console_path.open("ab")
        self.world = World(self._random, self._bite, self._remember_s)
        self.hand = Hand(self.world, self._random)
        fds = (self.world.page.fd, self._uart_fd(), self.world.codec.adc_fd, self.world.codec.dac_fd)
        self.vm = Vm(self.machine, self.flash, fds, self._console, self.world.reset, lambda: None, self._heap, self._launcher)
        clockwork.add(self.world)
        if self.chip is None:
            self.vm.power_on()
            return self
        if self._line.server:
            self._line.server.start(self.chip)  # first: it knows the line's rate
        self.chip.start(self._run, self._hold, self._last_words)
        return self

    def stop(self) -> None:
        if self._line.server:
            self._line.server.close()
        if self.chip:
            self.chip.close()
        self.vm.power_off()
        clockwork.remove(self.world)
        if self._link:
            self._link.unlink(missing_ok=True)
        if self._worse:
            self._worse.close()
        self._line.close()
        self._console.close()
        self.world.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.stop)

    # The hand

    def lift(self) -> Gesture:
        return self.hand.lift()

    def hang_up(self) -> Gesture:
        return self.hand.hang_up()

    def press(self, key: str, hold_s: float = PRESS_S) -> Gesture:
        """Press and release one key of the keypad."""
        return self.hand.press(key, hold_s)

    def hold(self, keys: str) -> None:
        """Close the contacts of these keys at once and keep them so; hold("") lets go."""
        wanted = {contacts.position(key) for key in keys}
        for row in range(4):
            for column in range(4):
                self.world.set_contact(row, column, (row, column) in wanted)

    def dial(self, keys: str) -> Gesture:
        """Press keys one after the other; the Gesture is that of the last."""
        gestures = [self.press(key) for key in keys]
        if not gestures:
            raise ValueError("nothing to dial")
        return gestures[-1]

    def speak(self, source: Samples | str | Path) -> None:
        """Say 16 kHz samples or a WAV file into the microphone, from now on."""
        self.world.codec.speak(load_speech(source))

    def heard(self) -> Samples:
        """What reached the ear: 16 kHz, silence included, so that an index is a time."""
        return self.world.codec.heard()

    # The vandal

    def cut_cable(self) -> None:
        self.world.set_cable(False)

    def restore_cable(self) -> None:
        self.world.set_cable(True)

    def wires(self, loop: str, state: str) -> None:
        """The wires of the hook's, the cord's or the case's loop: whole, cut or short."""
        self.world.set_wires(loop, state)

    def open_lid(self) -> None:
        self.world.set_lid(False)

    def shut_lid(self) -> None:
        self.world.set_lid(True)

    def magnet(self, millivolts: int) -> None:
        """Hold a foreign magnet to the cradle, as what it adds at the Hall sensor; 0 takes it away."""
        self.world.set_magnet(millivolts)

    def supply(self, millivolts: int) -> None:
        """What the wall gives at the board's terminals."""
        self.world.set_supply(millivolts)

    def weld(self) -> None:
        """From its next closing on the relay's contact sticks, whatever its coil does."""
        self.world.relay.welded = True

    def cup(self, coupling: float) -> None:
        """Hold ear and mouth together: so much of the sound comes back; 0 lets go."""
        self.world.codec.coupling = coupling

    def power_off(self) -> None:
        self.vm.power_off()
        self.world.page.forget()
        self.world.reset(1)

    def power_on(self) -> None:
        self.vm.power_on()

    # What an observer sees

    @property
    def relay_log(self) -> list[tuple[float, bool]]:
        """time.monotonic() and new state of the mute relay at each move."""
        return list(self.world.relay_log)

    @property
    def relay_closed(self) -> bool:
        return self.world.relay.closed

    @property
    def boot_count(self) -> int:
        return self.vm.boots

    @property
    def console(self) -> str:
        """What the firmware printed: nothing, unless it failed."""
        return self.console_path.read_text(errors="replace")

    def _uart_fd(self) -> int:
        far = self._line.fd if self.chip is None else self.chip.fd
        if self._faults is None:
            return far
        self._worse = FaultyLine(far, self._faults, self._random)
        return self._worse.fd

    # What the chip's resets do to the firmware

    def _run(self) -> None:
        self.vm.failure = None
        self._said_before = self.console_path.stat().st_size
        self.vm.power_on()

    def _hold(self) -> None:
        self.vm.power_off()
        self.world.reset(1)

    def _last_words(self) -> str | None:
        if not self.vm.failure:
            return None
        with self.console_path.open("rb") as console:
            console.seek(self._said_before)
            return console.read().decode(errors="replace") or self.vm.failure

    def _bite(self) -> None:
        self.vm.watchdog_bites()
