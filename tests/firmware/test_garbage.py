"""What sound leaves to the garbage collector, whose marking of the heap stops everything on the chip and costs most here."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAMS = ROOT / "tests/firmware/programs"
# Two hashes and a cipher that stock MicroPython makes anew for each frame sent; for one received, the hashes alone.
SENT_BYTES = 900
RECEIVED_BYTES = 700


@pytest.mark.vm
def test_a_frame_leaves_little_to_collect(micropython: Path) -> None:
    command = [str(micropython), "-X", "heapsize=160K", str(PROGRAMS / "frame_garbage.py")]
    environment = {"MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'tests/firmware/on_both'}:.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sent, received = map(int, done.stdout.split())
    print(f"{sent} bytes a frame sent, {received} a frame received")
    assert sent <= SENT_BYTES
    assert received <= RECEIVED_BYTES
