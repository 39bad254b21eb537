"""A board on the technician's bench: the chip in front of its firmware, at a pty or at an rfc2217 port."""

import hashlib
import os
import pty
import socket
import termios
import tty
from pathlib import Path
from random import Random

from kinline_sim import _board as board
from kinline_sim.chip import Chip
from kinline_sim.chip_faults import ChipFaults
from kinline_sim.efuse import Efuse
from kinline_sim.nor_flash import NorFlash
from kinline_sim.rfc2217_port import Rfc2217Port


def mac_of(flash: Path) -> bytes:
    """A chip's own address, always the same for one flash file; locally administered, so nobody's."""
    return b"\x02\x4b\x4c" + hashlib.sha256(str(flash.resolve()).encode()).digest()[:3]


class Line:
    """The board's end of a serial line, and what the technician opens: `path`, a device or a URL."""

    def __init__(self, rfc2217: int | None) -> None:
        self.server: Rfc2217Port | None = None
        if rfc2217 is not None:
            near, self._far = socket.socketpair()
            near.setblocking(False)
            self.fd = near.detach()
            self.server = Rfc2217Port(self._far, rfc2217)
            self.path = self.server.url
            return
        # A slave stays open here: a master without any makes poll() spin.
        self.fd, self._slave = pty.openpty()
        tty.setraw(self._slave)
        speeds = termios.tcgetattr(self._slave)
        speeds[4] = speeds[5] = getattr(termios, f"B{board.UART_BAUD}")
        termios.tcsetattr(self._slave, termios.TCSANOW, speeds)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._slave)

    def close(self) -> None:
        os.close(self.fd)
        if self.server:
            self._far.close()
        else:
            os.close(self._slave)


def chip_at(line: Line, flash: Path, faults: ChipFaults, random: Random) -> Chip:
    """The chip of a flash file, which is made, blank, if there is none. Raises ValueError for a file of another size."""
    NorFlash(flash).close()
    efuse = Efuse(mac_of(flash), flash.with_suffix(".efuse"))
    return Chip(line.fd, flash, efuse, faults, random, assisted=line.server is None)
