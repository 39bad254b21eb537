"""The two MicroPython builds that can stand in for the chip, and the choice between them."""

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from kinline_sim import _board as board
from kinline_sim.flash_files import serve

_HERE = Path(__file__).resolve().parent
_SHIMS = _HERE / "shims"
_BUILD = _HERE.parents[1] / "build"
_WASM_PACKAGE = "micropython-wasm/node_modules/@micropython/micropython-webassembly-pyscript"
_IDENTITY = "import sys;i=sys.implementation;print(i.name,'.'.join(str(n) for n in i.version[:3]),i._machine,sep='|')"
CHOICES = ("auto", "unix", "wasm")


class VmError(RuntimeError):
    """No virtual machine, or one that will not run; the text says what to do."""


class Machine(Protocol):
    """A MicroPython build. kind is unix or wasm; name and why, how it was chosen, are for people."""

    kind: str
    name: str
    why: str

    def command(self, fds: Sequence[int], flash: Sequence[str], heap: str) -> list[str]:
        """What starts a board: page, UART, ADC and DAC descriptors, and how it reaches its flash."""

    def environment(self) -> dict[str, str]: ...

    def flash(self, image: Path) -> contextlib.AbstractContextManager[tuple[list[str], list[int]]]:
        """For one boot: how the board reaches its flash, and the descriptors that it needs for that."""

    def identity(self) -> dict[str, str]:
        """What it says of itself: implementation, version, machine."""


class Unix:
    """Debian's 32-bit build: small integers, object sizes and heap limit are those of the chip."""

    kind = "unix"
    name = "the 32-bit MicroPython"

    def __init__(self, why: str = "asked for") -> None:
        self.why = why
        self._program = find_micropython()

    def command(self, fds: Sequence[int], flash: Sequence[str], heap: str) -> list[str]:
        return [str(self._program), "-X", f"heapsize={heap}", str(_SHIMS / "bootstrap.py"), *map(str, fds), *flash]

    def environment(self) -> dict[str, str]:
        return {"MICROPYPATH": f"{_SHIMS}:{_SHIMS / 'unix'}:{_HERE}:.frozen", "PATH": os.environ.get("PATH", "")}

    @contextlib.contextmanager
    def flash(self, image: Path) -> Iterator[tuple[list[str], list[int]]]:
        yield [str(image), str(board.FILESYSTEM_OFFSET), str(board.FILESYSTEM_BYTES)], []

    def identity(self) -> dict[str, str]:
        return _told([str(self._program), "-c", _IDENTITY])


class Wasm:
    """npm's WebAssembly build on node: the version of the chip's firmware, on any machine. Its heap has no limit."""

    kind = "wasm"
    name = "the WebAssembly MicroPython"

    def __init__(self, why: str = "asked for") -> None:
        self.why = why
        self._node, self._package = find_webassembly()

    def command(self, fds: Sequence[int], flash: Sequence[str], heap: str) -> list[str]:
        shims = [_SHIMS / "bootstrap.py", _SHIMS / "machine.py", _SHIMS / "registers.py", _HERE / "_board.py"]
        return [
            str(self._node),
            str(_HERE / "wasm/board.mjs"),
            str(self._package),
            str(_heap_bytes(heap)),
            *map(str, shims),
            str(_SHIMS / "wasm"),
            "--",
            *map(str, fds),
            *flash,
        ]

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "")}

    @contextlib.contextmanager
    def flash(self, image: Path) -> Iterator[tuple[list[str], list[int]]]:
        with serve(image) as fd:
            yield [str(fd)], [fd]

    def identity(self) -> dict[str, str]:
        return _told([str(self._node), str(_HERE / "wasm/run.mjs"), str(self._package), "say", _IDENTITY])


def find_micropython() -> Path:
    """KINLINE_MICROPYTHON, else the prefix under build/, else one on the PATH; raises VmError."""
    named = os.environ.get("KINLINE_MICROPYTHON")
    candidates = [Path(named)] if named else []
    candidates.append(_BUILD / "micropython/bin/micropython")
    on_path = shutil.which("micropython")
    if on_path:
        candidates.append(Path(on_path))
    for path in candidates:
        if os.access(path, os.X_OK):
            return path
    raise VmError("no MicroPython found: run 'make setup', or set KINLINE_MICROPYTHON to a 32-bit Unix build")


def find_webassembly() -> tuple[Path, Path]:
    """node, and the folder of the npm package: KINLINE_MICROPYTHON_WASM or the one under build/; raises VmError."""
    node = shutil.which("node")
    if not node:
        raise VmError("the WebAssembly MicroPython needs node: apt-get install nodejs")
    package = Path(os.environ.get("KINLINE_MICROPYTHON_WASM") or _BUILD / _WASM_PACKAGE)
    if not (package / "micropython.mjs").exists():
        raise VmError(f"no WebAssembly MicroPython in {package}: run 'make setup', or set KINLINE_MICROPYTHON_WASM")
    return Path(node), package


def choose(kind: str | None = None) -> Machine:
    """The build to use: kind is unix, wasm or auto; if None, KINLINE_VM says, else auto. Raises VmError.

    auto takes the 32-bit build where it runs, since its limits are the chip's, else the WebAssembly one.
    """
    kind = kind or os.environ.get("KINLINE_VM") or "auto"
    if kind not in CHOICES:
        raise VmError(f"no such VM as {kind!r}: choose {', '.join(CHOICES)}")
    if kind == "unix":
        return Unix()
    if kind == "wasm":
        return Wasm()
    trouble = _trouble_with_unix()
    if trouble is None:
        return Unix("it runs here")
    try:
        return Wasm(f"the 32-bit one does not run here: {trouble}")
    except VmError as error:
        raise VmError(f"{trouble}; and {error}") from error


@functools.cache
def _trouble_with_unix() -> str | None:
    """Why the 32-bit build does not run on this machine, or None."""
    try:
        Unix().identity()
    except (VmError, OSError) as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        return said[-1] if said else f"it ends with status {error.returncode}"
    return None


def _told(command: list[str]) -> dict[str, str]:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(zip(("implementation", "version", "machine"), said.strip().split("|"), strict=True))


def _heap_bytes(heap: str) -> int:
    """Bytes of a size as MicroPython's own command line takes it: 160K, 1M or a number."""
    units = {"K": 1 << 10, "M": 1 << 20}
    return int(heap[:-1]) * units[heap[-1]] if heap[-1] in units else int(heap)
