"""Stand-ins for what esptool writes in front of the file system: bootloader, partition table and MicroPython.

The chip's own code does not run here, so these hold headers that ROM, bootloader and esptool accept, and no code.
Formats: esp_image_format.h, esp_app_desc.h and gen_esp32part.py of ESP-IDF.
"""

import hashlib
import struct
from functools import reduce
from operator import xor

from kinline_sim import _board as board

BOOTLOADER, TABLE, APP = 0x0, 0x8000, 0x10000
_CHIP_ESP32_S3 = 9
_DRAM, _DROM = 0x3FCD0000, 0x3C000020
_DIO, _8_MB_80_MHZ = 2, 0x3F
_PARTITIONS = (
    ("nvs", 1, 0x02, 0x9000, 0x6000),
    ("phy_init", 1, 0x01, 0xF000, 0x1000),
    ("factory", 0, 0x00, APP, board.FILESYSTEM_OFFSET - APP),
    ("vfs", 1, 0x81, board.FILESYSTEM_OFFSET, board.FILESYSTEM_BYTES),
)


def pieces() -> dict[int, bytes]:
    """Address and content of each stand-in."""
    return {BOOTLOADER: _image(_DRAM, bytes(16)), TABLE: _table(), APP: _image(_DROM, _app_description())}


def whole() -> bytes:
    """All of it as one file, as MicroPython is published: written at address 0."""
    found = pieces()
    content = bytearray(b"\xff" * (max(found) + len(found[max(found)])))
    for address, piece in found.items():
        content[address : address + len(piece)] = piece
    return bytes(content)


def _image(address: int, segment: bytes) -> bytes:
    """One segment, its checksum in the last byte of a 16-byte line, and the SHA-256 of all that."""
    head = struct.pack("<4BI", 0xE9, 1, _DIO, _8_MB_80_MHZ, address)
    head += struct.pack("<B3xHBHH4xB", 0xEE, _CHIP_ESP32_S3, 0, 0, 0xFFFF, 1)
    body = head + struct.pack("<II", address, len(segment)) + segment
    body += bytes(15 - len(body) % 16) + bytes((reduce(xor, segment, 0xEF),))
    return body + hashlib.sha256(body).digest()


def _app_description() -> bytes:
    words = struct.pack("<III8x32s32s16s16s32s", 0xABCD5432, 0, 0, b"stand-in", b"micropython", b"", b"", b"simulated")
    return words + bytes(256 - len(words))


def _table() -> bytes:
    rows = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, address, size, name.encode(), 0)
        for name, kind, subtype, address, size in _PARTITIONS
    )
    rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return rows + b"\xff" * (0xC00 - len(rows))
