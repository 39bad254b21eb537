"""One technician at a port: a lock file that lives as long as the process that works there."""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

_SHARED = Path("/run/lock")  # Debian: writable for everyone, sticky


@contextmanager
def claimed(port: str, verb: str) -> Iterator[None]:
    """Raises Trouble naming the verb and process that have the port. The lock protects the board behind the port:
    verbs open the port several times, and esptool opens it in a process of its own."""
    handle = _lock_file(port)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another technician"
            raise Trouble("port-busy", f"{port} is in use by {who}", "wait until that has ended", Exit.PORT) from None
        _sign(handle, f"kinline tech {verb} (process {os.getpid()})")
        yield
        _sign(handle, "")
    finally:
        os.close(handle)


def _lock_file(port: str) -> int:
    name = port.lower() if "://" in port else os.path.realpath(port)
    folder = _SHARED if os.access(_SHARED, os.W_OK) else Path(tempfile.gettempdir())
    path = folder / f"kinline-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.lock"
    try:
        # Another user's file may be opened in a sticky folder, but not with O_CREAT (fs.protected_regular).
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o666)
        os.fchmod(handle, 0o666)
        return handle


def _sign(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)
