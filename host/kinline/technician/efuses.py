"""Steps that burn eFuses: tried on esptool's virtual chip first, then on the board.

Stock MicroPython leaves room for one: closing JTAG, through which anybody with the phone could read the key from the running
chip. What secure boot and flash encryption would take is in docs/security.md.
"""

import sys
import tempfile
from pathlib import Path

from kinline.technician.esptool import said
from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

CLOSE_JTAG = ("DIS_PAD_JTAG", "DIS_USB_JTAG")


def rehearsed() -> None:
    """Burn them on a virtual chip, and read them back. Raises Trouble if that does not go as it should."""
    with tempfile.TemporaryDirectory(prefix="kinline-efuse-") as folder:
        virtual = ["--virt", "--path-efuse-file", str(Path(folder) / "efuse.bin")]
        said(_espefuse(virtual, "burn-efuse", *_pairs()))
        _closed(said(_espefuse(virtual, "summary", *CLOSE_JTAG)))


def burned(port: str) -> None:
    """Burn them into the board. Raises Trouble. The caller has rehearsed, and a person has confirmed."""
    said(_espefuse(["--port", port], "burn-efuse", *_pairs()))
    _closed(said(_espefuse(["--port", port], "summary", *CLOSE_JTAG)))


def _espefuse(where: list[str], *words: str) -> list[str]:
    return [sys.executable, "-m", "espefuse", "--chip", "esp32s3", *where, "--do-not-confirm", *words]


def _pairs() -> list[str]:
    return [word for name in CLOSE_JTAG for word in (name, "1")]


def _closed(summary: str) -> None:
    for name in CLOSE_JTAG:
        line = next((line for line in summary.splitlines() if line.startswith(name)), "")
        if "True" not in line and "= 1" not in line:
            raise Trouble("efuse-unburned", f"eFuse {name} is not set after burning it", "take another board", Exit.NOT_WRITTEN)
