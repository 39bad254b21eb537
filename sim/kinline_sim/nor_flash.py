"""The SPI flash chip over a file: erased to ones, programmed to zeros, and worn where a test wears it."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from kinline_sim import _board as board

SECTOR = 4096
BLANK = b"\xff" * SECTOR


class PowerLost(Exception):
    """The supply failed while the flash was written."""


class NorFlash:
    """Closed and opened around each use, since the VM writes the same file between them.

    worn: addresses whose sectors no longer take an erase (old bits stay) nor a program. fails_after: so many sectors are
    erased or programmed before the supply fails, once; the one under way is left half done.
    """

    JEDEC_ID = 0xEF4017  # Winbond W25Q64: manufacturer, type, 2^23 bytes

    def __init__(self, path: Path, worn: Collection[int] = (), fails_after: int | None = None) -> None:
        self.path = path
        self.size = board.FLASH_BYTES
        self._worn = {address // SECTOR for address in worn}
        self.fails_after = fails_after
        self.operations = 0
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xff" * self.size)
        if path.stat().st_size != self.size:
            raise ValueError(f"{path} has {path.stat().st_size} bytes, this board's flash {self.size}")
        self._file = path.open("r+b")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def holds(self, address: int, length: int) -> bool:
        return min(address, length) >= 0 and address + length <= self.size

    def read(self, address: int, length: int) -> bytes:
        self._file.seek(address)
        return self._file.read(length)

    def md5(self, address: int, length: int) -> bytes:
        return hashlib.md5(self.read(address, length)).digest()

    def erase(self, address: int, length: int) -> None:
        """Every sector that the range touches."""
        for sector in range(address // SECTOR, -(-(address + length) // SECTOR)):
            cut = self._spend()
            if sector not in self._worn:
                self._put(sector * SECTOR, BLANK[: SECTOR // 2] if cut else BLANK)
            if cut:
                raise PowerLost

    def program(self, address: int, data: bytes) -> None:
        """Clear bits, sector by sector: what was not erased first stays a mixture of both."""
        while data:
            piece = data[: SECTOR - address % SECTOR]
            cut = self._spend()
            if address // SECTOR not in self._worn:
                here = piece[: len(piece) // 2] if cut else piece
                self._put(address, _both(self.read(address, len(here)), here))
            if cut:
                raise PowerLost
            address, data = address + len(piece), data[len(piece) :]

    def _spend(self) -> bool:
        """One sector's work; True if the supply fails during it."""
        self.operations += 1
        if self.fails_after is not None and self.operations > self.fails_after:
            self.fails_after = None
            return True
        return False

    def _put(self, address: int, data: bytes) -> None:
        self._file.seek(address)
        self._file.write(data)
        self._file.flush()


def _both(old: bytes, new: bytes) -> bytes:
    if old == BLANK[: len(old)]:
        return new
    joined = int.from_bytes(old, "big") & int.from_bytes(new, "big")
    return joined.to_bytes(len(new), "big")
