"""Flash images: a firmware in the first slot and one handset's identity in the file system that stock MicroPython mounts."""

import json
import re
from pathlib import Path
from typing import Any

from littlefs import LittleFS

from kinline_sim import _board as board
from kinline_sim import esp_image
from kinline_sim.bundle import Signer, pack, partition_files
from kinline_sim.compiled import FIRMWARE, firmware

_BLOCK = 4096
# MicroPython's own littlefs geometry; with other values it misreads inline files (hence never the defaults).
GEOMETRY: dict[str, Any] = {
    "block_size": _BLOCK, "block_count": board.FILESYSTEM_BYTES // _BLOCK, "read_size": 32, "prog_size": 32,
    "cache_size": 128, "lookahead_size": 32,
}  # fmt: skip


class IdentityError(ValueError):
    """A device id or key that no handset can have."""


def build_flash(target: Path, device: str, key: bytes, source: Path = FIRMWARE, bundle: bytes | None = None) -> str:
    """Write an 8 MB image for one handset and return its version and build; equal inputs give equal bytes.

    The firmware is that of a sound bundle, or compiled from the sources. Raises IdentityError and CompileError.
    """
    if not 0 < len(device.encode()) <= 32:
        raise IdentityError(f"device id {device!r}: 1 to 32 bytes are needed")
    if len(key) != 16:
        raise IdentityError(f"device key of {len(key)} bytes: 16 are needed")
    signer = Signer.development()
    files = partition_files(pack(firmware(source), signer) if bundle is None else bundle, signer.public)
    build = files["a/build.txt"].decode()
    files["device.json"] = json.dumps({"device": device, "key": key.hex()}).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        out.truncate(board.FLASH_BYTES)
        for address, piece in esp_image.pieces().items():
            out.seek(address)
            out.write(piece)
        out.seek(board.FILESYSTEM_OFFSET)
        out.write(partition(files))
    return build


def partition(files: dict[str, bytes]) -> bytes:
    """The board's whole file system partition with these files in it."""
    image = LittleFS(**GEOMETRY)
    for name, content in files.items():
        folder = name.rpartition("/")[0]
        if folder:
            image.makedirs(folder, exist_ok=True)
        with image.open(name, "wb") as file:
            file.write(content)
    return bytes(image.context.buffer)


def read_device_file(file: Path) -> tuple[str, bytes]:
    """Device id and key from the file that the host's enrolment wrote; raises IdentityError naming the file."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return str(record["device"]), parse_key(str(record["key"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = 'it holds {"device": "wall-1", "key": "32 hex digits"}, as enrolling the handset writes it'
        raise IdentityError(f"{file} is not a device file: {advice}") from error


def parse_key(text: str) -> bytes:
    """A device key of 32 hex digits; raises IdentityError."""
    if not re.fullmatch(r"[0-9a-fA-F]{32}", text):
        raise IdentityError("the device key is 32 hex digits")
    return bytes.fromhex(text)
