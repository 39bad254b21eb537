"""Which board is this: chip, MAC, flash and the state of its eFuses; the wrong board is refused before it is touched."""

import re
from dataclasses import dataclass, replace

from kinline.handsets import _board
from kinline.technician.esptool import Esptool
from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import serial_of


@dataclass(frozen=True, slots=True)
class Efuses:
    """What was burned into the chip for good."""

    secure_boot: bool
    flash_encrypted: bool
    jtag_closed: bool


@dataclass(frozen=True, slots=True)
class Detected:
    """The board as its ROM loader tells it; `flash_bytes` by the flash chip's own id, `efuses` only where they were asked."""

    serial: str
    mac: str
    chip: str
    features: str
    flash_bytes: int
    efuses: Efuses | None = None


def detect(tool: Esptool) -> Detected:
    """The chip stays in its loader. Raises Trouble, also for a board that this firmware is not for."""
    told = tool.run(["flash-id"], stay=True)
    mac = _found(r"MAC:\s+([0-9a-f:]{17})", told)
    size = re.search(r"Detected flash size: (\d+)MB", told)
    board = Detected(
        serial=serial_of(mac),
        mac=mac,
        chip=_found(r"Chip type:\s+(.+)", told),
        features=_found(r"Features:\s+(.+)", told),
        flash_bytes=int(size.group(1)) << 20 if size else 0,
    )
    if board.flash_bytes < _board.FLASH_BYTES:
        what = f"the board has {board.flash_bytes >> 20} MB of flash, {_board.FLASH_BYTES >> 20} are needed"
        raise Trouble("wrong-flash", what, "take a board with an ESP32-S3-WROOM-1U-N8", Exit.WRONG_BOARD)
    return board


def with_efuses(tool: Esptool, board: Detected) -> Detected:
    """The same with its eFuses; the firmware starts afterwards. Raises Trouble for a board that others have locked."""
    told = tool.run(["get-security-info"])
    efuses = Efuses(
        secure_boot=not re.search(r"Secure Boot: Disabled", told),
        flash_encrypted=not re.search(r"Flash Encryption: Disabled", told),
        jtag_closed=bool(re.search(r"JTAG: Permanently Disabled", told)),
    )
    if efuses.secure_boot or efuses.flash_encrypted:
        what = "its eFuses allow only firmware that somebody else signed or encrypted"
        raise Trouble("locked-chip", what, "take another board", Exit.WRONG_BOARD)
    return replace(board, efuses=efuses)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise Trouble("esptool-unreadable", "esptool's answer has another form", "make setup", Exit.USAGE)
    return found.group(1).strip()
