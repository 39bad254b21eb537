"""The board's littlefs partition as files: read from what esptool read, laid out for what esptool writes."""

from collections.abc import Callable, Iterator
from typing import Any

from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

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
FETCHED = 64 * BLOCK  # read from the board at once: a few seconds of its serial line, and most often all that is in use


def is_blank(superblocks: bytes) -> bool:
    """Whether the first two blocks hold no littlefs: nothing can be kept from there."""
    return all(superblocks[at + _MAGIC_AT : at + _MAGIC_AT + len(_MAGIC)] != _MAGIC for at in (0, BLOCK))


class _Fetched(UserContext):
    """The partition as far as it is asked for: reading six megabytes over a serial line takes more than a minute."""

    def __init__(self, fetch: Callable[[int, int], bytes]) -> None:
        super().__init__(buffsize=_board.FILESYSTEM_BYTES)
        self._fetch = fetch
        self._there: set[int] = set()
        self.error: Exception | None = None

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        place = block * BLOCK // FETCHED
        if place not in self._there and self.error is None:
            start = place * FETCHED
            try:
                self.buffer[start : start + FETCHED] = self._fetch(_board.FILESYSTEM_OFFSET + start, FETCHED)
            except Exception as error:  # littlefs, in C, cannot carry it
                self.error = error
            self._there.add(place)
        return super().read(cfg, block, off, size)


def fetched(fetch: Callable[[int, int], bytes]) -> dict[str, bytes] | None:
    """Path to content of everything in a board's file system; None if it cannot be read as one. Raises what fetch does."""
    context = _Fetched(fetch)
    found = _files(LittleFS(context=context, **_GEOMETRY, mount=False))
    if context.error:
        raise context.error
    return found


def files_of(partition: bytes) -> dict[str, bytes] | None:
    """The same of a whole partition."""
    return fetched(lambda address, length: partition[address - _board.FILESYSTEM_OFFSET :][:length])


def _files(image: LittleFS) -> dict[str, bytes] | None:
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
