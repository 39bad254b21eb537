"""The virtual environment .venv/ with everything that requirements.txt pins, and Kinline itself, editable."""

import shutil
import sys
from pathlib import Path

from steps import BUILD, ROOT, Log, Step

SETUP = ROOT / "setup"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def _environment(log: Log, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    log.run(sys.executable, "-m", "venv", place, hint="Is python3-venv installed?")
    _pip(log, "--require-hashes", "-r", SETUP / "requirements.txt")


def _kinline(log: Log, place: Path) -> None:
    _pip(log, "--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT)


def _typings(log: Log, place: Path) -> None:
    _pip(log, "--require-hashes", "--no-deps", "--target", place, "-r", SETUP / "typings.txt")


def _pip(log: Log, *arguments: str | Path) -> None:
    log.run(PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--no-input", *arguments)


ENVIRONMENT = Step("python", "Python environment .venv", (SETUP / "requirements.txt",), VENV, _environment, in_place=True)
KINLINE = Step(
    "kinline", "the C engine and the kinline commands",
    (SETUP / "requirements.txt", ROOT / "pyproject.toml", ROOT / "setup.py", ROOT / "cffi_ext"),
    VENV / "bin" / "kinline", _kinline, in_place=True,
)  # fmt: skip
# In a folder of their own: they shadow modules of CPython's own library.
TYPINGS = Step("typings", "MicroPython's type stubs", (SETUP / "typings.txt",), BUILD / "typings", _typings)
