"""SIGKILL between any two steps of a call, and in the middle of them: one record, the right money."""

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.store import crash_script
from tests.store.crash_script import STEPS
from tests.store.site import NOON, PREPAID, RATE, store_at

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


@contextmanager
def reached(address: str, last: str, go_on: bool = False) -> Iterator[None]:
    """A process that has come to a step, and begun the next if it may `go_on`; killed at the end."""
    # Forked, so that it need not import everything again: it opens the database by itself.
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=crash_script.run, args=(address, theirs))
    process.start()
    theirs.close()
    try:
        for step in STEPS[: STEPS.index(last) + 1]:
            assert ours.poll(30) and ours.recv() == step
            if step != last or go_on:
                ours.send("on")
        yield
    finally:
        process.kill()
        process.join()
        ours.close()


def assert_one_record(address: str, talks: set[int | None]) -> None:
    store = store_at(address)
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
def test_killed_after(step: str, address: str) -> None:
    with reached(address, step):
        pass
    assert_one_record(address, {TALK[step]})


@pytest.mark.parametrize("seed", range(6))
def test_killed_inside_a_step(seed: int, address: str) -> None:
    """Killed at a random moment while the next step is being written: the step happened whole, or not at all."""
    chance = random.Random(seed)
    step = chance.choice(STEPS[:-3])
    after = STEPS[STEPS.index(step) + 1]
    with reached(address, step, go_on=True):
        time.sleep(chance.uniform(0, 0.02))
    assert_one_record(address, {TALK[step], TALK[after]})
