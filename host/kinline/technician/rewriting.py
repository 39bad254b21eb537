"""Changing files on a board that has no running firmware to ask, without losing any of the others.

The partition is read, changed and written back. Until what was written is verified, the laptop keeps a copy of it (for its
owner's eyes: the device key is in it), so that a cut between erasing and writing loses nothing.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from kinline.handsets import _board
from kinline.technician.esptool import Advance, Esptool
from kinline.technician.exits import Exit
from kinline.technician.filesystem import FETCHED, fetched, files_of, is_blank, laid_out, stretches
from kinline.technician.identity import parsed
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import Worksheet

IDENTITY = "device.json"
Files = dict[str, bytes]


def current(tool: Esptool, sheet: Worksheet, advance: Advance | None = None) -> Files | None:
    """The board's files, or those that an interrupted verb had read; {} if there are none, None if they cannot be read."""
    with tempfile.TemporaryDirectory(prefix="kinline-tech-") as folder:
        scratch = Path(folder) / "read"
        first = tool.read(_board.FILESYSTEM_OFFSET, FETCHED, scratch, advance)

        def fetch(address: int, length: int) -> bytes:
            return first if address == _board.FILESYSTEM_OFFSET else tool.read(address, length, scratch, advance)

        found: Files | None = {} if is_blank(first) else fetched(fetch)
    if not _copy(sheet).exists():
        return found
    meant = files_of(_copy(sheet).read_bytes()) or {}
    held = parsed((found or {}).get(IDENTITY))
    # Half written, its files may be a mixture; but what somebody else has made of it since is not undone.
    return meant if held in (None, parsed(meant.get(IDENTITY))) else found


def write(
    tool: Esptool, sheet: Worksheet, files: Files, more: Mapping[int, Path] | None = None, advance: Advance | None = None
) -> None:
    """Write the partition with these files, and more, verify both, and start the firmware. Raises Trouble."""
    partition = laid_out(files)
    if IDENTITY in files:
        _save(_copy(sheet), partition)
    with tempfile.TemporaryDirectory(prefix="kinline-tech-") as folder:
        words: list[object] = []
        for address, path in (more or {}).items():
            words += [hex(address), path]
        for address, content in stretches(partition):
            piece = Path(folder) / f"{address:x}.bin"
            piece.write_bytes(content)
            words += [hex(address), piece]
        options = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep", "--skip-flashed"]
        tool.run(["write-flash", *options, *words], advance=advance)
    _copy(sheet).unlink(missing_ok=True)


def changed(
    tool: Esptool, sheet: Worksheet, change: Callable[[Files], Files], advance: Advance | None = None
) -> tuple[Files, Files]:
    """Change the files of a board that has a firmware: before and after. Raises Trouble."""
    before = current(tool, sheet, advance)
    if not before:
        raise Trouble("no-firmware", "the board holds no firmware", "kinline tech flash", Exit.WRONG_BOARD)
    after = change(before)
    if after != before:
        write(tool, sheet, after, advance=advance)
    else:
        tool.run(["flash-id"])  # whose reset starts the firmware
    return before, after


def _copy(sheet: Worksheet) -> Path:
    return sheet.path.with_suffix(".partition")


def _save(copy: Path, partition: bytes) -> None:
    draft = copy.with_suffix(".partition-new")
    draft.touch(mode=0o600)
    draft.write_bytes(partition)
    draft.replace(copy)
