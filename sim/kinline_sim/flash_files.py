"""The flash image's file system for a VM that has no littlefs: answers what its shim asks over a socket."""

import contextlib
import errno
import json
import mmap
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

from kinline_sim import _board as board
from kinline_sim.flash import GEOMETRY

_HEAD = struct.Struct("<II")  # lengths of JSON and data, as shims/wasm/files.py writes them


class _Partition(UserContext):
    """The file system's part of the image, mapped: what littlefs programs is in the file at once."""

    def __init__(self, image: mmap.mmap) -> None:
        self._image = image

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        at = block * cfg.block_size + off
        return bytearray(self._image[at : at + size])

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        at = block * cfg.block_size + off
        self._image[at : at + len(data)] = bytes(data)
        return 0

    def erase(self, cfg: Any, block: int) -> int:
        at = block * cfg.block_size
        self._image[at : at + cfg.block_size] = b"\xff" * cfg.block_size
        return 0


@contextlib.contextmanager
def serve(image: Path) -> Iterator[int]:
    """A descriptor for the VM, whose requests are answered from the image until the block is left."""
    ours, theirs = socket.socketpair()
    with image.open("r+b") as file, theirs:
        partition = mmap.mmap(file.fileno(), board.FILESYSTEM_BYTES, offset=board.FILESYSTEM_OFFSET)
        thread = threading.Thread(target=_serve, args=(ours, partition), name="flash-files", daemon=True)
        thread.start()
        try:
            yield theirs.fileno()
        finally:
            # What the VM has asked for is done; what it was cut off in the middle of saying is not.
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)
            thread.join()
            ours.close()
            partition.close()


def _serve(line: socket.socket, partition: mmap.mmap) -> None:
    try:
        _answer(line, partition)
    finally:
        # A VM must not wait for an answer that will not come.
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _answer(line: socket.socket, partition: mmap.mmap) -> None:
    files = LittleFS(context=_Partition(partition), mount=False, **GEOMETRY)
    mounted = False
    with line.makefile("rwb") as stream:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            text_bytes, data_bytes = _HEAD.unpack(head)
            text, data = stream.read(text_bytes), stream.read(data_bytes)
            if len(text) + len(data) < text_bytes + data_bytes:
                return
            verb, path = json.loads(text)
            result: Any = None
            content = b""
            error = 0
            try:
                if not mounted:
                    files.mount()
                    mounted = True
                result, content = _do(files, verb, path, data)
            except LittleFSError as trouble:
                error = -trouble.code
            except OSError as trouble:
                error = _number(trouble)
            text = json.dumps([error, result]).encode()
            with contextlib.suppress(BrokenPipeError):
                stream.write(_HEAD.pack(len(text), len(content)) + text + content)
                stream.flush()


def _do(files: LittleFS, verb: str, path: str, data: bytes) -> tuple[Any, bytes]:
    """One request: what to say of it, and a file's content."""
    match verb:
        case "read":
            with files.open(path, "rb") as file:
                return None, bytes(file.read())
        case "write" | "append":
            # This littlefs appends only to what exists; MicroPython's makes the file.
            append = verb == "append" and _exists(files, path)
            with files.open(path, "ab" if append else "wb") as file:
                file.write(data)
        case "stat":
            entry = files.stat(path)
            return [entry.type == 2, entry.size], b""
        case "list":
            return [[entry.name, entry.type == 2, entry.size] for entry in files.scandir(path)], b""
        case "space":
            free = files.block_count - files.used_block_count
            return [GEOMETRY["block_size"], files.block_count, free], b""
        case "rename":
            files.rename(path, data.decode())
        case "remove" | "rmdir" | "mkdir":
            getattr(files, verb)(path)
        case _:
            raise OSError(errno.EINVAL, verb)
    return None, b""


def _exists(files: LittleFS, path: str) -> bool:
    try:
        files.stat(path)
    except LittleFSError:
        return False
    return True


def _number(trouble: OSError) -> int:
    """littlefs-python raises some of littlefs's errors as Python's own, without their number."""
    cause = trouble.__cause__
    return -cause.code if isinstance(cause, LittleFSError) else trouble.errno or errno.EIO
