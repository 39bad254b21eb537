"""What the chip does after a reset that is not into the loader: it starts the application of its flash, or says why not."""

import hashlib
import struct

from kinline_sim.nor_flash import NorFlash

BANNER = b"ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n"
DOWNLOAD = BANNER + b"rst:0x1 (POWERON),boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n"
_RUN = BANNER + b"rst:0x%x (%s),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
_IMAGE_MAGIC = 0xE9
_CHIP_ESP32_S3 = 9
_TABLE, _TABLE_BYTES, _ENTRY = 0x8000, 0xC00, struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC, _MD5_MAGIC = b"\xaa\x50", b"\xeb\xeb"
_APP = 0  # the partition type of applications


def first_words(again: bool) -> bytes:
    """The ROM's own lines; `again` after its watchdog found that nothing started."""
    return _RUN % ((0x10, b"RTCWDT_RTC_RST") if again else (0x1, b"POWERON"))


def trouble(flash: NorFlash) -> str | None:
    """What ROM or bootloader say when there is no application to start; None if there is one."""
    magic, chip = _header(flash, 0)
    if magic != _IMAGE_MAGIC:
        return f"invalid header: 0x{int.from_bytes(flash.read(0, 4), 'little'):08x}"
    if chip != _CHIP_ESP32_S3:
        return f"E (20) boot_comm: mismatch chip ID, expected {_CHIP_ESP32_S3}, found {chip}"
    entries = _partitions(flash)
    if entries is None:
        return "E (27) flash_parts: partition table is invalid\r\nE (33) boot: Failed to verify partition table"
    apps = [address for kind, address in entries if kind == _APP]
    if not apps:
        return "E (46) boot: No bootable app partitions in the partition table"
    if all(_header(flash, address)[0] != _IMAGE_MAGIC for address in apps):
        return f"E (60) esp_image: image at 0x{apps[0]:x} has invalid magic byte\r\nE (70) boot: No bootable app partitions"
    return None


def _header(flash: NorFlash, address: int) -> tuple[int, int]:
    """Magic and chip id of an image: esp_image_header_t, its first byte and its 13th and 14th."""
    head = flash.read(address, 24)
    return head[0], int.from_bytes(head[12:14], "little")


def _partitions(flash: NorFlash) -> list[tuple[int, int]] | None:
    """Type and address of each partition, or None if the table is damaged."""
    table = flash.read(_TABLE, _TABLE_BYTES)
    found: list[tuple[int, int]] = []
    for at in range(0, _TABLE_BYTES, _ENTRY.size):
        row = table[at : at + _ENTRY.size]
        if row[:2] == _MD5_MAGIC:
            return found if row[16:] == hashlib.md5(table[:at]).digest() else None
        if row == b"\xff" * _ENTRY.size:
            return found or None
        magic, kind, _, address, _, _, _ = _ENTRY.unpack(row)
        if magic != _ENTRY_MAGIC:
            return None
        found.append((kind, address))
    return found
