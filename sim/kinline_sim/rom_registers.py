"""What lies behind the loader's READ_REG and WRITE_REG: eFuses, straps, the SPI controller, reset and watchdog."""

from collections.abc import Callable

from kinline_sim.efuse import Efuse
from kinline_sim.nor_flash import NorFlash

_STRAPS = 0x60004038  # GPIO_STRAP_REG
_STRAPS_DOWNLOAD = 0x0  # GPIO0 low at reset
_OPTION1 = 0x6000812C  # RTC_CNTL_OPTION1_REG: esptool clears it on its way to a hard reset
_WDT_CONFIG0, _WDT_PROTECT = 0x60008098, 0x600080B0
_WDT_KEY, _WDT_ENABLED = 0x50D83AA1, 1 << 31
_SPI1 = 0x60002000
_SPI_CMD, _SPI_ADDR, _SPI_USER2, _SPI_W0 = _SPI1, _SPI1 + 0x04, _SPI1 + 0x20, _SPI1 + 0x58
_SPI_CMD_USR = 1 << 18
# SPI flash commands: JEDEC ID, status, SFDP. JESD216 opens the latter with "SFDP".
_READ_ID, _READ_STATUS, _READ_SFDP = 0x9F, 0x05, 0x5A
_SFDP = bytes.fromhex("53464450060101ff00060110800000ff")


class Registers:
    """Unknown registers read as zero and keep what is written, as most memory-mapped ones do."""

    def __init__(self, flash: NorFlash, efuse: Efuse, on_reset: Callable[[], None]) -> None:
        self._flash, self._efuse, self._on_reset = flash, efuse, on_reset
        self._values: dict[int, int] = {_STRAPS: _STRAPS_DOWNLOAD}
        self.announced = False

    def read(self, address: int) -> int:
        if self._efuse.holds(address):
            return self._efuse.read(address)
        return self._values.get(address, 0)

    def write(self, address: int, value: int, mask: int = 0xFFFFFFFF) -> None:
        value = self.read(address) & ~mask | value & mask
        if self._efuse.holds(address):
            self._efuse.write(address, value)
            return
        self._values[address] = value
        if address == _OPTION1:
            self.announced = True
        elif address == _SPI_CMD and value & _SPI_CMD_USR:
            self._spi()
        elif address == _WDT_PROTECT and value != _WDT_KEY and self._values.get(_WDT_CONFIG0, 0) & _WDT_ENABLED:
            self._on_reset()

    def _spi(self) -> None:
        self._values[_SPI_CMD] = 0  # done at once
        command = self._values.get(_SPI_USER2, 0) & 0xFF
        result = 0
        if command == _READ_ID:
            result = int.from_bytes(self._flash.JEDEC_ID.to_bytes(3, "big"), "little")
        elif command == _READ_SFDP:
            at = self._values.get(_SPI_ADDR, 0) & 0xFFFFFF
            result = int.from_bytes(_SFDP[at : at + 4], "little")
        self._values[_SPI_W0] = result
