"""Is this laptop ready: the tools, the port, the folder for the work sheets."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kinline.technician import bundle, trust
from kinline.technician.exits import Exit
from kinline.technician.ports import candidates, is_url, lent
from kinline.technician.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `trouble` is None when it is well."""

    name: str
    what: str
    trouble: Trouble | None = None


def examine(port: str | None, sheets: Path, firmware: Path | None = None, signer: str | None = None) -> Iterator[Finding]:
    """Everything that a later verb needs, in the order in which it would fail; of a bundle only where one is named."""
    yield _look("tools", _esptool)
    yield _look("work sheets", lambda: _writable(sheets))
    if firmware is not None:
        yield _look("firmware", lambda: _signed(firmware, sheets, signer))
    yield _look("port", lambda: _port(port))


def _look(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, check())
    except Trouble as trouble:
        return Finding(name, trouble.what, trouble)


def _esptool() -> str:
    command = [sys.executable, "-m", "esptool", "version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise Trouble("esptool-missing", "esptool does not run", "make setup", Exit.USAGE)
    return f"esptool {said.stdout.strip().splitlines()[-1]}"


def _writable(folder: Path) -> str:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        step = "name a folder that you may write: --sheets DIR"
        raise Trouble("sheets-unwritable", f"{nearest} cannot be written", step, Exit.USAGE)
    return str(folder)


def _signed(file: Path, sheets: Path, named: str | None) -> str:
    by = trust.signer(sheets, named)
    return f"{bundle.read(file, by).name}, signed by {by.hex()[:16]}…"


def _port(port: str | None) -> str:
    if port is None:
        found = candidates()
        if not found:
            raise Trouble("port-missing", "no serial adapter is plugged in", "plug one in, or name a port: --port", Exit.PORT)
        if len(found) > 1:
            names = ", ".join(f"{one.port} ({one.what})" for one in found)
            raise Trouble("port-ambiguous", f"several ports: {names}", "name one: --port", Exit.USAGE)
        port = found[0].port
    with lent(port, "doctor"):
        return f"{port} opens" + (" over the network" if is_url(port) else "")
