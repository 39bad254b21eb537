"""Serial ports of boards: a device, `socket://host:port` or `rfc2217://host:port`, one technician at a time."""

import errno
import os
import re
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from kinline.handsets import _board
from kinline.technician.exits import Exit
from kinline.technician.port_lock import claimed
from kinline.technician.trouble import Trouble

_BUSY = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}
_MISSING = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR}
_URL = re.compile(r"(socket|rfc2217)://[^/]+:\d+(/.*)?(\?.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A serial port of this machine, and what plugged-in thing it is."""

    port: str
    what: str


def candidates() -> list[Candidate]:
    """The ports that a board could be at: adapters that are plugged in, not the machine's own legacy ports."""
    found = (port for port in list_ports.comports() if port.vid is not None or "ttyS" not in port.device)
    return sorted((Candidate(port.device, port.description) for port in found), key=lambda one: one.port)


def is_url(port: str) -> bool:
    return "://" in port


@contextmanager
def held(port: str, verb: str, baud: int = _board.BAUD) -> Iterator[serial.SerialBase]:
    """The open port, for this technician alone. Reads do not block. Raises Trouble."""
    with claimed(port, verb), _opened(port, baud) as line:
        yield line


@contextmanager
def lent(port: str, verb: str) -> Iterator[None]:
    """The port for this technician alone, proved to open, for a program that opens it itself. Raises Trouble."""
    with claimed(port, verb):
        with _opened(port, _board.BAUD):
            pass
        yield


@contextmanager
def _opened(port: str, baud: int) -> Iterator[serial.SerialBase]:
    if is_url(port) and not _URL.fullmatch(port):
        raise Trouble("port-malformed", f"{port!r} is no port", "write socket://HOST:PORT or rfc2217://HOST:PORT", Exit.USAGE)
    try:
        line = serial.serial_for_url(port, baud, timeout=0, do_not_open=True)
        # DTR and RTS reach EN and BOOT on a board with auto-reset: opening is not to reset it.
        line.dtr = line.rts = False
        if not is_url(port):
            line.exclusive = True
        line.open()
    except (serial.SerialException, OSError, ValueError, termios.error) as error:  # the last one pyserial lets through
        raise explained(port, error) from error
    with line:
        yield line


def explained(port: str, error: BaseException) -> Trouble:
    """What the failure to open a port means, and the one thing to do."""
    number = _errno(error)
    if number in _BUSY:
        return _busy(port)
    if is_url(port):
        return _far(port, number, error)
    if number in _MISSING:
        others = ", ".join(one.port for one in candidates())
        step = f"name one of the ports that are there: {others}" if others else "plug in the adapter, then run this again"
        return Trouble("port-missing", f"there is no {port}", step, Exit.PORT)
    if number in (errno.EACCES, errno.EPERM):
        return Trouble("port-not-permitted", f"you may not open {port}", _permission(port), Exit.PORT)
    return Trouble(
        "port-unusable", f"{port} cannot be used as a serial port ({error})", "check that it names the adapter", Exit.PORT
    )


def _busy(port: str) -> Trouble:
    holder = _holder(port)
    if holder is None:
        return Trouble("port-busy", f"{port} is in use", "end the program that has it open", Exit.PORT)
    pid, program = holder
    return Trouble("port-busy", f"{port} is in use by {program} (process {pid})", f"end it: kill {pid}", Exit.PORT)


def _far(port: str, number: int | None, error: BaseException) -> Trouble:
    place = port.partition("://")[2].partition("/")[0]
    if number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):
        return Trouble("port-missing", f"nobody listens at {place}", "start the serial server there", Exit.PORT)
    return Trouble("port-unusable", f"{port} does not answer ({error})", f"check that {place} serves this protocol", Exit.PORT)


def _permission(port: str) -> str:
    try:
        group = Path(port).group()
    except (OSError, KeyError):
        group = "dialout"
    if group == "root":
        return f"run it as a user who may open {port}"
    return f"sudo usermod -aG {group} {_user()}, then log in again"


def _user() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or "$USER"


def _errno(error: BaseException | None) -> int | None:
    """The operating system's reason, which pyserial's URL handlers hide one or two exceptions down."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if isinstance(error, termios.error) and error.args:
            return int(error.args[0])
        error = error.__cause__ or error.__context__
    return None


def _holder(port: str) -> tuple[int, str] | None:
    """Process and program that hold the advisory lock on a device; None if nobody says so."""
    try:
        status = Path(port).stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if "FLOCK" in fields and place in fields:
                pid = int(fields[fields.index(place) - 1])
                return pid, Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        pass
    return None
