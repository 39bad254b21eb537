"""The chip behind one serial line: after each reset either its ROM loader or the firmware talks there.

The line is a pty's master or one end of a socket pair. Reset lines (rfc2217) call reset(). A pty has none, so there a
SYNC frame resets into the loader, and what esptool does last before it pulls EN boots the application.
"""

import contextlib
import os
import select
import socket
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from kinline_sim import _board as board
from kinline_sim import boot_rom
from kinline_sim.chip_faults import ChipFaults
from kinline_sim.efuse import Efuse
from kinline_sim.nor_flash import NorFlash, PowerLost
from kinline_sim.rom import SYNC_FRAME, Rom

_ROM_BAUD = 115_200
_ANNOUNCED_S = 0.1  # from the announcement of a hard reset to the reset; a command in between takes it back
_LOOP_S = 0.5  # how often the ROM's watchdog tries again to boot what does not boot
_DARK_S = 0.5  # how long a failed supply stays away
_POLL_S = 0.05
_MOST_UNSENT = 1 << 18
_BAUDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


class Chip:
    """Owns the firmware's end of the line as `fd`; start(run, hold) hands over how to start and how to stop it."""

    def __init__(self, line: int, flash: Path, efuse: Efuse, faults: ChipFaults, random: Random, assisted: bool) -> None:
        self._line, self._flash_path, self._efuse = line, flash, efuse
        self._faults, self._random, self._assisted = faults, random, assisted
        self._fails_after = faults.fails_after
        self._board, self._near = socket.socketpair()
        for end in (self._board, self._near):
            end.setblocking(False)
        self.fd = self._board.fileno()
        self.host_baud: Callable[[], int | None] = self._line_baud
        self._baud: int | None = _ROM_BAUD
        self._rom: Rom | None = None
        self._flash: NorFlash | None = None
        self._unsent = bytearray()
        self._tail = b""
        self._due: tuple[float, Callable[[], None]] | None = None
        self._orders: list[bool] = []  # resets asked for by reset(): True into the loader
        self._lock = threading.Lock()  # protects _orders
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stop = False
        self.resets = 0
        self.mode = "off"

    def start(self, run: Callable[[], None], hold: Callable[[], None], said: Callable[[], str | None]) -> None:
        """said() is what a firmware that has ended left on its console, or None while it runs."""
        self._run_firmware, self._hold_firmware, self._said = run, hold, said
        self._thread = threading.Thread(target=self._serve, name="chip", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        if self._flash:
            self._flash.close()
        os.close(self._wake)
        self._board.close()
        self._near.close()

    def reset(self, download: bool) -> None:
        """As EN rises, with IO0 low for the loader. From any thread."""
        if self._faults.stuck_reset:
            return
        with self._lock:
            self._orders.append(download)
        os.eventfd_write(self._wake, 1)

    # The serving thread

    def _serve(self) -> None:
        self._boot()
        near = self._near.fileno()
        while not self._stop:
            readers = [self._wake] + ([self._line, near] if len(self._unsent) < _MOST_UNSENT else [])
            wait = _POLL_S if self._due is None else min(_POLL_S, max(0.0, self._due[0] - time.monotonic()))
            ready, writable, _ = select.select(readers, [self._line] if self._unsent else [], [], wait)
            if self._wake in ready:
                os.eventfd_read(self._wake)
                self._obey()
            if self._line in ready:
                self._from_host(_read(self._line))
            if near in ready:
                self._from_firmware(_read(near))
            if writable:
                with contextlib.suppress(BlockingIOError):
                    del self._unsent[: os.write(self._line, self._unsent)]
            if self._due and time.monotonic() >= self._due[0]:
                act, self._due = self._due[1], None
                act()
            if self.mode == "firmware" and (last_words := self._said()):
                self.mode, self._baud = "ended", _ROM_BAUD
                self._send(last_words.replace("\n", "\r\n").encode())

    def _obey(self) -> None:
        with self._lock:
            orders, self._orders = self._orders, []
        for download in orders:
            self._enter_loader(boot_rom.DOWNLOAD) if download else self._boot()

    def _boot(self, again: bool = False) -> None:
        self._leave()
        if not again:
            self.resets += 1
        with NorFlash(self._flash_path) as flash:
            trouble = boot_rom.trouble(flash)
        self._baud = _ROM_BAUD
        self._send(boot_rom.first_words(again))
        if trouble is None:
            self.mode, self._baud = "firmware", board.UART_BAUD
            self._run_firmware()
        else:
            self.mode = "loop"
            self._send(trouble.encode() + b"\r\n")
            self._due = (time.monotonic() + _LOOP_S, lambda: self._boot(again=True))

    def _enter_loader(self, banner: bytes) -> None:
        self._leave()
        self.resets += 1
        self._baud = _ROM_BAUD
        self._send(banner)
        self._baud = None  # the ROM measures the first SYNC
        self._flash = NorFlash(self._flash_path, self._faults.worn, self._fails_after)
        self._rom = Rom(self._flash, self._efuse, self._faults.chip, lambda: self.reset(False), self._change_baud)
        self.mode = "loader"

    def _leave(self) -> None:
        self._hold_firmware()
        while _read(self._near.fileno()) or _read(self.fd):
            pass  # what the firmware had still to say, and to hear, is lost
        self._due, self._rom, self._tail = None, None, b""
        if self._flash:
            self._fails_after = self._flash.fails_after
            self._flash.close()
            self._flash = None

    def _from_host(self, data: bytes) -> None:
        if self._assisted and self.mode != "loader" and not self._faults.stuck_reset:
            self._tail = (self._tail + data)[-2 * len(SYNC_FRAME) :]
            if SYNC_FRAME in self._tail:
                self._enter_loader(b"")
                data = SYNC_FRAME
        data = self._worsened(self._received(data))
        if self.mode == "firmware":
            # A firmware that reads nothing loses bytes, as its UART does.
            with contextlib.suppress(BlockingIOError):
                self._near.send(data)
        elif self._rom:
            self._load(self._rom, data)

    def _load(self, rom: Rom, data: bytes) -> None:
        before = self._efuse.burned
        self._due = None
        try:
            for reply in rom.feed(data):
                self._send(reply)
        except PowerLost:
            self._leave()
            self.mode = "off"
            self._due = (time.monotonic() + _DARK_S, self._boot)
            return
        if self._efuse.burned != before:
            self._efuse.save()
        if self._assisted and rom.announced and not self._faults.stuck_reset:
            self._due = (time.monotonic() + _ANNOUNCED_S, self._boot)

    def _from_firmware(self, data: bytes) -> None:
        if self.mode == "firmware":
            self._send(data)

    def _change_baud(self, baud: int) -> None:
        self._flush()
        self._baud = baud

    # The line

    def _send(self, data: bytes) -> None:
        self._unsent += self._worsened(self._garbled(data, self._baud, self.host_baud()))

    def _received(self, data: bytes) -> bytes:
        if self._baud is None and not self._faults.wrong_baud:
            self._baud = self.host_baud()
        return self._garbled(data, self.host_baud(), self._baud)

    def _garbled(self, data: bytes, sent: int | None, read: int | None) -> bytes:
        """What arrives of bytes that are sampled at another rate."""
        if self._faults.wrong_baud:
            sent, read = 3, 2
        if sent is None or read is None or sent == read:
            return data
        return self._random.randbytes(-(-len(data) * read // sent))

    def _worsened(self, data: bytes) -> bytes:
        if data and self._random.random() < self._faults.drop:
            at = self._random.randrange(len(data))
            return data[:at] + data[at + self._random.randrange(1, 20) :]
        return data

    def _flush(self) -> None:
        """Give the line what is under way before its rate changes."""
        while self._unsent and select.select([], [self._line], [], _POLL_S)[1]:
            del self._unsent[: os.write(self._line, self._unsent)]

    def _line_baud(self) -> int | None:
        """What the far end of the pty is set to; None for a rate that has no name."""
        return _BAUDS.get(termios.tcgetattr(self._line)[5])


def _read(fd: int) -> bytes:
    with contextlib.suppress(BlockingIOError):
        return os.read(fd, 65536)
    return b""
