"""esptool as a technician runs it: unmodified, a program of its own."""

import subprocess
import sys
from pathlib import Path

from kinline_sim.board import Board
from kinline_sim.chip_faults import ChipFaults


def esptool(port: str, *words: object, python: str | Path = sys.executable) -> "subprocess.CompletedProcess[str]":
    """Its exit status and all that it printed, in stdout."""
    command = [str(python), "-m", "esptool", "--port", port, "--chip", "esp32s3", *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False)


def told(port: str, *words: object) -> str:
    """What it printed; AssertionError if it failed."""
    done = esptool(port, *words)
    assert done.returncode == 0, done.stdout
    return done.stdout


def blank(folder: Path, seed: int = 5, **faults: object) -> Board:
    """A board whose flash is empty, with a chip that esptool may write."""
    return Board(flash=folder / "chip.bin", seed=seed, chip=ChipFaults(**faults))  # type: ignore[arg-type]
