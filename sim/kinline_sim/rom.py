"""The ESP32-S3's ROM loader and esptool's stub, as far as esptool can tell: commands in, replies out. Knows no port.

The protocol: https://docs.espressif.com/projects/esptool/en/latest/esp32s3/advanced-topics/serial-protocol.html
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kinline_sim.efuse import Efuse
from kinline_sim.nor_flash import NorFlash
from kinline_sim.rom_registers import Registers
from kinline_sim.slip import Unframer, framed

CHIP_ESP32_S3 = 9
SYNC_DATA = b"\x07\x07\x12\x20" + b"\x55" * 32
SYNC_FRAME = framed(struct.pack("<BBHI", 0, 0x08, len(SYNC_DATA), 0) + SYNC_DATA)
_LONGEST = 0x10000  # a stub data block is 16 KiB and may be escaped throughout
_CHECKSUM_SEED = 0xEF
_BAD_COMMAND, _BAD_CHECKSUM, _BAD_WRITE, _BAD_READ, _BAD_INFLATE = 0x05, 0x07, 0x08, 0x09, 0x0B
_STUB_BAD_DATA_LENGTH = 0xC0
_MD5_BYTES = 16
_SLOW_READ = 64  # bytes, always


class Refusal(Exception):
    """The status byte of a command that failed."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"error {reason:#04x}")
        self.reason = reason


@dataclass
class _Writing:
    """A FLASH_BEGIN under way: where the next byte goes, and how many are still expected."""

    address: int
    left: int
    inflate: "zlib._Decompress | None"
    unerased: int  # the stub erases as it goes: everything below is erased


@dataclass
class _Reading:
    """The stub's READ_FLASH: blocks go out, the peer acknowledges how much it has."""

    address: int
    length: int
    block: int
    window: int
    sent: int = 0
    acknowledged: int = 0


class Rom:
    """One boot into the loader. feed() yields what to send; a run of the application is asked for by `on_run`.

    `announced` is true from a hard reset's announcement (the write to RTC_CNTL_OPTION1) until the next command.
    """

    def __init__(
        self, flash: NorFlash, efuse: Efuse, chip: int, on_run: Callable[[], None], on_baud: Callable[[int], None]
    ) -> None:
        self._flash, self._efuse, self._chip = flash, efuse, chip
        self._on_run, self._on_baud = on_run, on_baud
        self._registers = Registers(flash, efuse, on_run)
        self._frames = Unframer(_LONGEST)
        self.stub = False
        self.commands = 0
        self._writing: _Writing | None = None
        self._reading: _Reading | None = None
        self._uploads = 0

    @property
    def announced(self) -> bool:
        return self._registers.announced

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the loader sends in answer. Raises PowerLost from the flash."""
        for packet in self._frames.packets(data):
            if self._reading and len(packet) == 4:
                yield from self._read_on(int.from_bytes(packet, "little"))
            elif len(packet) >= 8 and packet[0] == 0:
                yield from self._answer(packet)

    def _answer(self, packet: bytes) -> Iterator[bytes]:
        _, operation, length, check = struct.unpack_from("<BBHI", packet)
        data = packet[8:]
        self.commands += 1
        self._registers.announced = False
        if operation == 0x08:
            # Seven more, since the ROM answers each of the patterns; a value of 0 says that the stub runs.
            for _ in range(8):
                yield self._reply(operation, value=0 if self.stub else 0x20120707)
            return
        try:
            if length != len(data):
                raise Refusal(_STUB_BAD_DATA_LENGTH if self.stub else _BAD_COMMAND)
            value, body = self._perform(operation, data, check)
        except Refusal as refusal:
            yield self._reply(operation, status=refusal.reason)
            return
        yield self._reply(operation, value, body)
        if operation == 0x06 and not self.stub and self._uploads and data[:4] == bytes(4):
            self.stub, self._uploads = True, 0
            yield framed(b"OHAI")
        if operation == 0x0F:
            self._on_baud(int.from_bytes(data[:4], "little"))
        if operation in (0x04, 0x12) and data[:4] == bytes(4):
            self._on_run()
        if operation == 0xD2:
            yield from self._read_on(0)

    def _reply(self, operation: int, value: int = 0, body: bytes = b"", status: int = 0) -> bytes:
        ending = bytes((status != 0, status)) + (b"" if self.stub else bytes(2))
        return framed(struct.pack("<BBHI", 1, operation, len(body) + len(ending), value) + body + ending)

    def _perform(self, operation: int, data: bytes, check: int) -> tuple[int, bytes]:
        """The command's value and body; raises Refusal."""
        try:
            return self._dispatch(operation, data, check)
        except struct.error:
            raise Refusal(_BAD_COMMAND) from None

    def _dispatch(self, operation: int, data: bytes, check: int) -> tuple[int, bytes]:
        match operation:
            case 0x0A:
                return self._registers.read(struct.unpack("<I", data)[0]), b""
            case 0x09:
                for at in range(0, len(data), 16):
                    self._registers.write(*struct.unpack_from("<III", data, at))
            case 0x14:
                return 0, self._security_info()
            case 0x0B | 0x0D | 0x0F:
                pass
            case 0x02 | 0x10:
                self._begin(data, compressed=operation == 0x10)
            case 0x03 | 0x11:
                self._write(_checked(data, check))
            case 0x04 | 0x12:
                self._finish()
            case 0x13:
                return 0, self._md5(data)
            case 0x0E if not self.stub:
                address, _ = struct.unpack("<II", data)
                return 0, self._read(address, _SLOW_READ)
            case 0x05:
                self._uploads += 1
            case 0x07:
                _checked(data, check)
            case 0x06:
                pass
            case 0xD0 if self.stub:
                self._flash.erase(0, self._flash.size)
            case 0xD1 if self.stub:
                self._erase(*struct.unpack("<II", data))
            case 0xD2 if self.stub:
                self._reading = _Reading(*struct.unpack("<IIII", data))
                if not self._flash.holds(self._reading.address, self._reading.length):
                    self._reading = None
                    raise Refusal(_BAD_READ)
            case _:
                raise Refusal(_BAD_COMMAND)
        return 0, b""

    def _security_info(self) -> bytes:
        flags = int(self._efuse.secure_boot) | int(self._efuse.jtag_disabled) << 7
        purposes = bytes(self._efuse.key_purposes) + bytes(1)
        return struct.pack("<IB7sII", flags, self._efuse.flash_crypt_count, purposes, self._chip, 0)

    # Flash

    def _read(self, address: int, length: int) -> bytes:
        if not self._flash.holds(address, length):
            raise Refusal(_BAD_READ)
        return self._flash.read(address, length)

    def _erase(self, address: int, length: int) -> None:
        if not self._flash.holds(address, length):
            raise Refusal(_BAD_WRITE)
        self._flash.erase(address, length)

    def _begin(self, data: bytes, compressed: bool) -> None:
        size, blocks, block, address = struct.unpack_from("<IIII", data)
        if not self._flash.holds(address, size):
            raise Refusal(_BAD_WRITE)
        if not self.stub:  # the ROM erases up front
            self._flash.erase(address, size)
        left = size if compressed else blocks * block
        inflate = zlib.decompressobj() if compressed else None
        self._writing = _Writing(address, left, inflate, address if self.stub else address + left)

    def _write(self, data: bytes) -> None:
        writing = self._writing
        if writing is None:
            raise Refusal(_BAD_COMMAND)
        if writing.inflate:
            try:
                data = writing.inflate.decompress(data)
            except zlib.error:
                raise Refusal(_BAD_INFLATE) from None
        data = data[: self._flash.size - writing.address]
        end = writing.address + len(data)
        if end > writing.unerased:
            self._flash.erase(writing.unerased, end - writing.unerased)
            writing.unerased = -(-end // 4096) * 4096
        self._flash.program(writing.address, data)
        writing.address = end

    def _finish(self) -> None:
        self._writing = None

    def _md5(self, data: bytes) -> bytes:
        address, length = struct.unpack_from("<II", data)
        if not self._flash.holds(address, length):
            raise Refusal(_BAD_READ)
        digest = self._flash.md5(address, length)
        return digest if self.stub else digest.hex().encode()

    def _read_on(self, acknowledged: int) -> Iterator[bytes]:
        reading = self._reading
        if reading is None:
            return
        reading.acknowledged = acknowledged
        while reading.sent < reading.length and reading.sent - acknowledged < reading.window * reading.block:
            size = min(reading.block, reading.length - reading.sent)
            yield framed(self._flash.read(reading.address + reading.sent, size))
            reading.sent += size
        if acknowledged >= reading.length:
            yield framed(hashlib.md5(self._flash.read(reading.address, reading.length)).digest())
            self._reading = None


def _checked(data: bytes, check: int) -> bytes:
    """The payload of a data command behind its sixteen bytes of header; raises Refusal if its sum is wrong."""
    (length,) = struct.unpack_from("<I", data)
    payload = data[16:]
    total = _CHECKSUM_SEED
    for byte in payload:
        total ^= byte
    if length != len(payload) or total != check & 0xFF:
        raise Refusal(_BAD_CHECKSUM)
    return payload
