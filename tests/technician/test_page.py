"""docs/technician.md, followed to the letter: from a blank chip to a call, and flashed by hand."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kinline_sim.board import Board
from kinline_sim.chip_faults import ChipFaults
from tests.peers.asterisk import namespaces
from tests.sim.esptool import told

ROOT = Path(__file__).resolve().parents[2]
SITTING_S = 120.0
pytestmark = [pytest.mark.vm, pytest.mark.slow]


def blocks() -> list[str]:
    """The commands of the page, block by block."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs/technician.md").read_text(), re.DOTALL)


def _alone() -> list[str]:
    """A process space of its own, too: what a failed block leaves running ends with its shell."""
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
    # A second /proc would be seen outside where mounts are shared.
    return command if "unchanged" in namespaces() else [*command, "--mount-proc"]


class Shell:
    """A technician's terminal, in a network of its own where that is allowed; each block must go through."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".venv").symlink_to(ROOT / ".venv")
        alone = _alone() if os.geteuid() == 0 else []
        pipe = subprocess.PIPE
        self._log = (folder / "shell.log").open("w+")
        self._shell = subprocess.Popen(
            [*alone, "bash", "-m", "-e"], stdin=pipe, stdout=pipe, stderr=self._log, text=True, cwd=folder, start_new_session=True
        )
        if alone:
            self.run("ip link set lo up")

    def run(self, block: str) -> str:
        """What it printed; AssertionError if a command failed."""
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f"{block.rstrip()}\necho END OF BLOCK\n")
        self._shell.stdin.flush()
        said = ""
        for line in self._shell.stdout:
            if line == "END OF BLOCK\n":
                return said
            said += line
        self._log.seek(0)
        raise AssertionError(f"{block}\nended the shell:\n{said}{self._log.read()[-2000:]}")

    def close(self) -> None:
        assert self._shell.stdin
        self._shell.stdin.close()
        self._shell.kill()
        self._shell.wait()
        self._log.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.close()


def logged(folder: Path, wanted: Callable[[dict[str, Any]], bool], within_s: float = 60.0) -> None:
    """Until the daemon has logged something."""
    end = time.monotonic() + within_s
    log = folder / "build/bench/daemon.log"
    while time.monotonic() < end:
        text = log.read_text() if log.exists() else ""
        if any(wanted(json.loads(line)) for line in text.splitlines() if line.endswith("}")):
            return
        time.sleep(0.1)
    raise AssertionError(f"the daemon did not log it:\n{log.read_text()[-3000:]}")


def test_from_blank_chip_to_a_call_in_one_sitting(shell: Shell) -> None:
    """The bench is what the technician does; the site is there before, and nobody pays for a talk to the end."""
    site, board, bench, switch, call, papers, end = blocks()[:7]
    shell.run(site)
    began = time.monotonic()
    shell.run(board)
    assert "KW" in shell.run(bench)
    shell.run(switch)
    logged(shell.folder, lambda line: line["event"] == "handset in reach")
    steps = call.splitlines()
    for step, phase in zip(steps, ("language", "pin", "number", "talk"), strict=False):
        shell.run(step)
        logged(shell.folder, lambda line, phase=phase: line["event"] == "visit" and line["phase"] == phase)  # type: ignore[misc]
        time.sleep(0.7)  # a hand is not faster, and digits over a prompt's first syllable are none
    shell.run(steps[-1])
    assert "made call 1" in shell.run(papers)
    sitting = time.monotonic() - began
    shell.run(end)
    records = json.loads(shell.run("kinline calls list --json"))
    assert records[0]["talk_seconds"] >= 0 and records[0]["accepted_at"]
    for name in ("label.png", "record.html", "sheets/record.jsonl"):
        assert (shell.folder / "build/bench" / name).stat().st_size > 100
    print(f"one sitting: {sitting:.0f} s of {SITTING_S:.0f}")


def test_esptool_from_an_environment_of_its_own_flashes_by_hand(tmp_path: Path) -> None:
    words = blocks()[7]
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    for wanted in (["firmware", "--out", "build/bench/firmware"], ["micropython", "build/bench/firmware/micropython.bin"]):
        subprocess.run([ROOT / ".venv/bin/kinline-sim", *wanted], cwd=tmp_path, check=True, capture_output=True)
    with Board(flash=tmp_path / "chip.bin", seed=5, chip=ChipFaults()) as board:
        environment = os.environ | {"KINLINE_PORT": board.path}
        done = subprocess.run(
            ["bash", "-e"], input=words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        if "No matching distribution" in done.stdout + done.stderr:
            pytest.skip("no package index can be reached, so esptool has no environment of its own here")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Hash of data verified" in done.stdout and sys.prefix not in done.stdout
        told(board.path, "verify-flash", 0, tmp_path / "build/bench/firmware/micropython.bin")
