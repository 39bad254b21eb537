"""One step of the set-up: skipped when its stamp says that nothing it depends on has changed.

A stamp is removed before its step starts and written after the step's result is in place, so a run that was
interrupted anywhere is simply run again.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
STAMPS = BUILD / "stamps"
LOGS = BUILD / "setup"
_lock_descriptors: list[int] = []


class StepError(Exception):
    """A step that could not be done; the text says what to do next."""


@dataclass(frozen=True)
class Step:
    """What is built, from what, and how.

    `product` is the path that exists afterwards. `build` gets the log and where to build: `product` itself
    if `in_place`, otherwise a temporary folder that is renamed to `product` once complete.
    An `optional` step that fails is reported and passed over.
    """

    name: str
    title: str
    inputs: tuple[Path | str, ...]
    product: Path
    build: Callable[["Log", Path], None]
    in_place: bool = False
    optional: bool = False

    @property
    def stamp(self) -> Path:
        return STAMPS / self.name

    def key(self) -> str:
        """Hash over the inputs (texts, files, folders) and over our own path and Python."""
        digest = hashlib.sha256(f"{ROOT}\0{sys.version}\0".encode())
        for item in self.inputs:
            if isinstance(item, str):
                digest.update(item.encode() + b"\0")
                continue
            for file in sorted(item.rglob("*")) if item.is_dir() else [item]:
                if file.is_file() and _is_source(file):
                    digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()

    def is_done(self) -> bool:
        return self.product.exists() and self.stamp.exists() and self.stamp.read_text() == self.key()

    def run(self) -> None:
        """Do the step if it is not done; StepError if it fails."""
        if self.is_done():
            return
        self.stamp.unlink(missing_ok=True)
        key = self.key()
        place = self.product if self.in_place else BUILD / f".new-{self.name}"
        with Log(self.name) as log, progress(self.title):
            if not self.in_place:
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
            self.build(log, place)
            if not self.in_place:
                shutil.rmtree(self.product, ignore_errors=True)
                place.rename(self.product)
        self.stamp.write_text(key)


def _is_source(file: Path) -> bool:
    return file.suffix not in (".so", ".o", ".pyc", ".new") and "__pycache__" not in file.parts


class Log:
    """The output of a step's commands, kept in build/setup/ and shown only when a command fails."""

    def __init__(self, name: str) -> None:
        self.path = LOGS / f"{name}.log"

    def __enter__(self) -> "Log":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def run(self, *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None, hint: str = "") -> None:
        """Run a command to its end; StepError with the last lines of its output and the hint if it fails."""
        words = [str(word) for word in command]
        self._file.write(f"$ {' '.join(words)}\n")
        self._file.flush()
        start = self._file.tell()
        try:
            code = subprocess.run(
                words, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                stdout=self._file, stderr=subprocess.STDOUT, check=False, pass_fds=_lock_descriptors,
            ).returncode  # fmt: skip
        except FileNotFoundError:
            raise StepError(f"{words[0]} is not installed. {hint}".strip()) from None
        if code:
            tail = self.path.read_bytes()[start:].decode(errors="replace").strip().splitlines()[-12:]
            text = "\n".join(f"    {line}" for line in tail)
            raise StepError(f"{words[0]} ended with {code}:\n{text}\n  whole log: {self.path}\n{hint}".rstrip())


@contextlib.contextmanager
def progress(title: str) -> Iterator[None]:
    """One line for the duration of the block; its seconds count up on a terminal, and are final elsewhere."""
    start = time.monotonic()
    live = sys.stdout.isatty()
    done = threading.Event()

    def line(mark: str) -> str:
        return f"setup: {title:<44} {mark:>6} {time.monotonic() - start:6.1f} s"

    def tick() -> None:
        while not done.wait(0.5):
            print(f"\r{line('')}", end="", flush=True)

    print(f"\r{line('')}" if live else f"setup: {title} ...", end="" if live else "\n", flush=True)
    ticker = threading.Thread(target=tick, daemon=True)
    if live:
        ticker.start()
    mark = "failed"
    try:
        yield
        mark = "done"
    finally:
        done.set()
        if live:
            ticker.join()
        print(f"\r{line(mark)}" if live else line(mark), flush=True)


@contextlib.contextmanager
def only_one_setup() -> Iterator[None]:
    """Keeps two set-ups from working in the same folders at once.

    The commands of a step hold the lock too, so that what a killed set-up left running is waited for.
    """
    BUILD.mkdir(exist_ok=True)
    STAMPS.mkdir(exist_ok=True)
    with (BUILD / ".setup-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: waiting for another set-up of this folder to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _lock_descriptors.append(lock.fileno())
        yield


def run_all(steps: Sequence[Step]) -> list[str]:
    """Run the steps in order; returns what each optional step that failed said."""
    notes = []
    for step in steps:
        try:
            step.run()
        except StepError as error:
            if not step.optional:
                raise
            notes.append(f"{step.title}: {error}")
    return notes
