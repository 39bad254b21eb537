"""The chip's one-time memory as registers: identity that the factory burned, and what is burned here.

Register places: ESP32-S3 Technical Reference Manual, eFuse controller. Values are plausible, not copied from a board.
"""

import json
import struct
from pathlib import Path

BASE = 0x60007000
_PGM_DATA = range(BASE, BASE + 0x20, 4)
_READ = BASE + 0x2C  # EFUSE_RD_WR_DIS_REG, the first word of block 0
_MAC = BASE + 0x44
_CONF, _STATUS, _CMD = BASE + 0x1CC, BASE + 0x1D0, BASE + 0x1D4
_END = BASE + 0x200
_WRITE_CODE, _READ_CODE = 0x5A5A, 0x5AA5
_READ_CMD, _PGM_CMD = 1, 2
# Words of blocks 0 to 10 as read: block 0 has six, block 1 six, the others eight.
_BLOCKS = [(_READ, 6), (_MAC, 6), *((BASE + 0x5C + 0x20 * n, 8) for n in range(9))]
_MINOR_VERSION_SHIFT, _BLOCK_VERSION_SHIFT, _MAJOR_VERSION_SHIFT = 18, 24, 24


class Efuse:
    """Bits only ever go from 0 to 1. MAC as six bytes. What is burned is kept in `path`."""

    def __init__(self, mac: bytes, path: Path | None = None) -> None:
        self._path = path
        self.burned = 0
        self._words = dict.fromkeys(range(BASE, _END, 4), 0)
        high, low = struct.unpack(">HI", mac)
        self._words[_MAC], self._words[_MAC + 4] = low, high
        self._words[_MAC + 12] = 2 << _MINOR_VERSION_SHIFT | 3 << _BLOCK_VERSION_SHIFT  # v0.2, as sold since 2022
        self._words[BASE + 0x5C + 16] = 1  # block version 1.3
        if path and path.exists():
            self._words.update((int(place, 16), word) for place, word in json.loads(path.read_text()).items())

    def save(self) -> None:
        """Keep every block; the chip's next life begins with them."""
        if self._path:
            places = (start + 4 * index for start, words in _BLOCKS for index in range(words))
            self._path.write_text(json.dumps({hex(place): self._words[place] for place in places}))

    @staticmethod
    def holds(address: int) -> bool:
        return BASE <= address < _END and address % 4 == 0

    def read(self, address: int) -> int:
        return self._words[address]

    def write(self, address: int, value: int) -> None:
        if address == _CMD:
            self._perform(value)
        elif address in _PGM_DATA or address >= BASE + 0x1C8 or BASE + 0x20 <= address < _READ:
            self._words[address] = value  # the blocks themselves are read only

    @property
    def key_purposes(self) -> list[int]:
        """Purposes of the six key blocks."""
        second, third = self._words[BASE + 0x34], self._words[BASE + 0x38]
        return [second >> 24 & 15, second >> 28 & 15, *(third >> shift & 15 for shift in (0, 4, 8, 12))]

    @property
    def flash_crypt_count(self) -> int:
        return self._words[BASE + 0x34] >> 18 & 7

    @property
    def secure_boot(self) -> bool:
        return bool(self._words[BASE + 0x38] >> 20 & 1)

    @property
    def jtag_disabled(self) -> bool:
        return bool(self._words[BASE + 0x30] >> 19 & 1)

    def _perform(self, command: int) -> None:
        if command & _PGM_CMD and self._words[_CONF] & 0xFFFF == _WRITE_CODE:
            start, words = _BLOCKS[command >> 2 & 15]
            for index in range(words):
                self._words[start + 4 * index] |= self._words[_PGM_DATA[index]]
            self.burned += 1
        self._words[_CMD] = 0
