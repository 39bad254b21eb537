"""SIGKILL between any two steps of a call, and in the middle of them: one record, the right money."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.crash_script import STEPS
from tests.store.site import NOON, PREPAID, RATE, furnished, store_at

ROOT = Path(__file__).resolve().parents[2]
TEN = 10_000_000

# Talk seconds charged, by the last step that the killed process reached; None: no record yet.
TALK = {
    "opened": None,
    "begun": 0,
    "rung": 0,
    "accepted": 0,
    "checkpoint 1": 1,
    "checkpoint 2": 2,
    "checkpoint 61": 61,
    "ended": 62,
    "ended again": 62,
    "closed": 62,
}


def start(file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.crash_script", str(file)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def advance(process: subprocess.Popen[str], to: str) -> None:
    assert process.stdout is not None and process.stdin is not None
    for step in STEPS[: STEPS.index(to) + 1]:
        assert process.stdout.readline().strip() == step
        if step != to:
            process.stdin.write("\n")
            process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def assert_one_record(file: Path, talks: set[int | None]) -> None:
    store = store_at(file)
    recovered = store.recover(NOON)
    records = store.calls()
    assert len(recovered) <= len(records) <= 1
    talk = records[0].talk_seconds if records else None
    assert talk in talks
    charge = RATE * (talk or 0) // 60
    if records:
        assert records[0].ended_at is not None and records[0].charged_micros == charge
    assert store.balance_micros(PREPAID) == TEN - charge
    assert store.trial_balance() == 0
    assert store.recover() == []
    store.close()


@pytest.mark.parametrize("step", STEPS)
def test_killed_after(step: str, tmp_path: Path) -> None:
    file = tmp_path / "kinline.db"
    furnished(file).close()
    process = start(file)
    try:
        advance(process, step)
    finally:
        kill(process)
    assert_one_record(file, {TALK[step]})


@pytest.mark.parametrize("seed", range(6))
def test_killed_inside_a_step(seed: int, tmp_path: Path) -> None:
    """Killed at a random moment while the next step is being written: the step happened whole, or not at all."""
    chance = random.Random(seed)
    file = tmp_path / "kinline.db"
    furnished(file).close()
    step = chance.choice(STEPS[:-3])
    after = STEPS[STEPS.index(step) + 1]
    process = start(file)
    try:
        advance(process, step)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(chance.uniform(0, 0.02))
    finally:
        kill(process)
    assert_one_record(file, {TALK[step], TALK[after]})
