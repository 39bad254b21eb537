"""The board's littlefs partition as files: read from what esptool read, laid out for what esptool writes."""

from collections.abc import Iterator
from typing import Any

from littlefs import LittleFS, LittleFSError

from kinline.handsets import _board

BLOCK = 4096
# MicroPython's own littlefs geometry; with other values it misreads inline files.
_GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK, "block_count": _board.FILESYSTEM_BYTES // BLOCK, "read_size": 32, "prog_size": 32,
    "cache_size": 128, "lookahead_size": 32,
}  # fmt: skip
_MAGIC = b"littlefs"
_MAGIC_AT = 8
_BLANK = b"\xff" * BLOCK


def is_blank(superblocks: bytes) -> bool:
    """Whether the first two blocks hold no littlefs: nothing can be kept from there."""
    return all(superblocks[at + _MAGIC_AT : at + _MAGIC_AT + len(_MAGIC)] != _MAGIC for at in (0, BLOCK))


def files_of(partition: bytes) -> dict[str, bytes] | None:
    """Path to content of everything in it; None if it cannot be read as a file system."""
    image = LittleFS(**_GEOMETRY, mount=False)
    image.context.buffer[:] = partition
    try:
        image.mount()
        return {
            f"{folder.strip('/')}/{name}".lstrip("/"): image.open(f"{folder}/{name}", "rb").read()
            for folder, _, names in image.walk("/")
            for name in names
        }
    except (LittleFSError, UnicodeDecodeError):
        return None


def laid_out(files: dict[str, bytes]) -> bytes:
    """A whole partition with these files; equal files give equal bytes."""
    image = LittleFS(**_GEOMETRY)
    for name, content in sorted(files.items()):
        if folder := name.rpartition("/")[0]:
            image.makedirs(folder, exist_ok=True)
        with image.open(name, "wb") as file:
            file.write(content)
    return bytes(image.context.buffer)


def stretches(partition: bytes) -> Iterator[tuple[int, bytes]]:
    """Address and content of what is not blank: littlefs erases a block before it uses it, so only these need writing."""
    start: int | None = None
    for at in range(0, len(partition) + BLOCK, BLOCK):
        blank = partition[at : at + BLOCK] in (_BLANK, b"")
        if start is None and not blank:
            start = at
        elif start is not None and blank:
            yield _board.FILESYSTEM_OFFSET + start, partition[start:at]
            start = None
