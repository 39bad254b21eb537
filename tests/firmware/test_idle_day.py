"""The whole application for a day of its own clock, a host in reach and nobody near: its heap at the end is that of the start."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

HOURS = 24
STEP_S = 2  # see the program
PROGRAMS = ROOT / "tests/firmware/programs"


@pytest.mark.vm
@pytest.mark.slow
def test_a_day_of_idling_leaves_the_heap_as_it_was(micropython: Path) -> None:
    command = [str(micropython), "-X", "heapsize=160K", str(PROGRAMS / "idle_day.py"), str(HOURS)]
    environment = {"MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'tests/firmware/on_both'}:{PROGRAMS}:.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    words = done.stdout.split()
    told = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    print(told)
    rounds = HOURS * 3600 // STEP_S
    assert told["sessions"] == 1 and told["pongs"] > 0.99 * rounds and told["feeds"] > 0.99 * rounds
    # A piece more or less of what is in hand at that moment; a leak of a byte a round would be 40 KB.
    assert abs(told["late"] - told["early"]) <= 1024
