"""The simulator's side of the register page that one board shares with its VM."""

import mmap
import os

from kinline_sim import _board as board
from kinline_sim.shims import registers as at


class Page:
    """One writer per field (see registers.py), every field within one machine word: no lock is needed."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("kinline-board")
        os.ftruncate(self.fd, at.BYTES)
        self._map = mmap.mmap(self.fd, at.BYTES)
        # Both sides run on one machine, so its own byte order is the right one.
        self._halves = memoryview(self._map).cast("H")
        self._words = memoryview(self._map).cast("I")

    def close(self) -> None:
        self._halves.release()
        self._words.release()
        self._map.close()
        os.close(self.fd)

    def u8(self, offset: int) -> int:
        return self._map[offset]

    def set_u8(self, offset: int, value: int) -> None:
        self._map[offset] = value

    def set_u16(self, offset: int, value: int) -> None:
        self._halves[offset >> 1] = value

    def u32(self, offset: int) -> int:
        return self._words[offset >> 2]

    def set_u32(self, offset: int, value: int) -> None:
        self._words[offset >> 2] = value

    def reset_chip(self, cause: int) -> None:
        """What a reset does: pins float to their safe level, drivers stop, the watchdog is off."""
        for gpio, (_name, mode, safe) in board.PIN_MODES.items():
            self._map[at.LEVEL + gpio] = 1 if mode == "open_drain" else safe or 0
        self.set_u8(at.CAUSE, cause)
        self.set_u32(at.WATCHDOG_MS, 0)
        self.set_u8(at.ADC_OPEN, 0)
        self.set_u8(at.DAC_OPEN, 0)

    def forget(self) -> None:
        """A power cut: RTC memory is lost as well."""
        self.set_u8(at.RTC_LENGTH, 0)
