"""Firmware into a board by cable. Identity, and whatever else the board keeps, is put back where it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kinline.technician.bundle import Bundle
from kinline.technician.detect import Detected, detect
from kinline.technician.esptool import Advance, Esptool
from kinline.technician.exits import Exit
from kinline.technician.identity import parsed
from kinline.technician.rewriting import IDENTITY, current, write
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import sheet_of

_SLOTS = ("a/", "b/")
_STATE = "slots.json"
_IMAGE_MAGIC = b"\xe9"


@dataclass(frozen=True, slots=True)
class Flashed:
    """What is on the board now; `device` is the identity that it kept, or None."""

    board: Detected
    firmware: str
    micropython: str
    device: str | None
    kept: list[str]


def flash(
    tool: Esptool,
    bundle: Bundle,
    micropython: Path,
    sheets: Path,
    nothing_to_keep: bool = False,
    other_micropython: bool = False,
    advance: Advance | None = None,
) -> Flashed:
    """Write MicroPython and the bundle, verified. Raises Trouble; before anything is written, for whatever can be known then."""
    stock = _micropython(micropython, bundle, other_micropython)
    board = detect(tool)
    sheet = sheet_of(sheets, board.mac)
    before = current(tool, sheet, advance)
    if before is None and not nothing_to_keep:
        raise Trouble(
            "filesystem-broken", "the board's file system cannot be read, so what it keeps would be lost",
            "if it has nothing to keep: kinline tech flash --new", Exit.NOT_WRITTEN,
        )  # fmt: skip
    kept = {name: content for name, content in (before or {}).items() if not _ours(name, bundle.root)}
    write(tool, sheet, bundle.partition_files() | kept, {0: micropython}, advance)
    identity = parsed(kept.get(IDENTITY))
    facts = {"firmware": bundle.name, "bundle": bundle.digest, "micropython": stock}
    sheet.note("flash", facts)
    return Flashed(board, bundle.name, stock, identity.device if identity else None, sorted(kept))


def _ours(name: str, root: Mapping[str, bytes]) -> bool:
    """Whether a file comes with the firmware, so that a new one takes its place."""
    return name.startswith(_SLOTS) or name in root or name in (_STATE, "build.txt") or name.startswith("handset/")


def _micropython(path: Path, bundle: Bundle, other: bool) -> str:
    """What is written of the MicroPython in a file: its version, or that it is another than the bundle names."""
    wanted = bundle.manifest["micropython"]
    advice = f"get {wanted['name']} from {wanted['page']}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Trouble("micropython-missing", f"{path}: {error.strerror}", advice, Exit.BAD_IMAGE) from error
    digest = sha256(content).hexdigest()
    if digest == wanted["sha256"]:
        return str(wanted["version"])
    if content[:1] != _IMAGE_MAGIC:
        raise Trouble("micropython-foreign", f"{path} is no image that the chip starts", advice, Exit.BAD_IMAGE)
    if not other:
        raise Trouble("micropython-differs", f"{path} is not {wanted['name']}", advice, Exit.BAD_IMAGE)
    return f"other, sha256 {digest[:16]}"
