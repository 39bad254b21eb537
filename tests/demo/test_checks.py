"""The demonstration's own judgement: all of it passes on what should be, and each thing that is not is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from demo import checks
from demo.custody import Verified
from demo.scenario import MadeCall, Warned
from demo.site import PEOPLE
from kinline.store.calls import CallInfo
from kinline_sim.listening import Heard
from kinline_sim.phone import CallRecord
from kinline_sim.rtp import Take

LIMIT_S = 25
BEGAN = 100.0  # of the talk, on the monotonic clock
SOUND = np.full(8000, 1000, np.int16)
WELL, APART = Heard(0.95, 0.1, 20), Heard(0.1, 0.0, 10)

Both = tuple[MadeCall, MadeCall]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "call.wav"
    file.write_bytes(bytes(1000))
    return file


def record(**fields: Any) -> CallInfo:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    names = {name: None for name in CallInfo.__dataclass_fields__ if name not in ("signs", "typed", "quality")}
    usual = {"id": 1, "number": PEOPLE[0].contact, "started_at": now, "rate_micros_per_minute": 60_000, "recorded": True}
    return CallInfo(**{**names, **usual, **fields})


def made(calls_record: CallInfo, heard: Heard, talked: bool) -> MadeCall:
    far = CallRecord(1, calls_record.number, "", "", "", "", 0, heard=Take(0, SOUND))
    board: Any = SimpleNamespace(relay_log=[(BEGAN, True), (BEGAN + LIMIT_S + 0.1, False)])
    return MadeCall(
        PEOPLE[0],
        board,
        calls_record,
        far,
        SOUND,
        0.0,
        [{"event": "visit", "phase": "talk", "mono": BEGAN}] if talked else [],
        0.0,
        heard,
        heard,
        {who: Warned(BEGAN + LIMIT_S - 10, 0.7) for who in ("caller", "called party")} if talked else {},
        80_000,
    )


ACCEPTED = made(
    record(outcome="completed", ended_by="clock", talk_seconds=LIMIT_S, limit_seconds=LIMIT_S, charged_micros=25_000), WELL, True
)
REFUSED = made(record(outcome="refused", ended_by="called_party", talk_seconds=0, charged_micros=0), APART, False)
WHOLE: Verified = {"whole": True, "seconds": float(LIMIT_S), "faults": [], "missing": []}


def test_what_should_be_passes(recording: Path) -> None:
    assert checks.failures(ACCEPTED, REFUSED, recording, WHOLE) == []


def accepted(**fields: Any) -> Both:
    return replace(ACCEPTED, record=replace(ACCEPTED.record, **fields)), REFUSED


def refused(**fields: Any) -> Both:
    return ACCEPTED, replace(REFUSED, record=replace(REFUSED.record, **fields))


def deaf(who: str) -> Both:
    return replace(ACCEPTED, warnings=ACCEPTED.warnings | {who: Warned(0.0, 0.2)}), REFUSED


def silent_far_end() -> Both:
    far = replace(REFUSED.far, heard=Take(0, np.zeros(8000, np.int16)))
    return ACCEPTED, replace(REFUSED, far=far)


def late_relay() -> Both:
    board: Any = SimpleNamespace(relay_log=[(BEGAN, True), (BEGAN + LIMIT_S + 0.3, False)])
    return replace(ACCEPTED, board=board), REFUSED


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: accepted(outcome="fault"), "the first call is fault"),
        (lambda: accepted(ended_by="caller"), "ended by caller, not the clock"),
        (lambda: accepted(limit_seconds=60), "not the whole grant"),
        (lambda: accepted(charged_micros=25_001), "the charge is not"),
        (
            lambda: (replace(ACCEPTED, caller_heard=Heard(0.89, 0.0, 9)), REFUSED),
            "the caller heard the other at correlation 0.89",
        ),
        (lambda: (replace(ACCEPTED, called_party_heard=APART), REFUSED), "the called party heard the other at correlation 0.10"),
        (lambda: deaf("caller"), "the caller did not hear the warning"),
        (lambda: deaf("called party"), "the called party did not hear the warning"),
        (late_relay, "the relay did not open"),
        (lambda: refused(outcome="completed"), "the second call is completed"),
        (lambda: refused(ended_by="caller"), "the second call was ended by caller"),
        (lambda: refused(charged_micros=1), "the refused call was charged"),
        (lambda: refused(recording="2.klr"), "the refused call was recorded"),
        (lambda: (ACCEPTED, replace(REFUSED, caller_heard=Heard(0.3, 0, 4))), "the caller of the refused call heard the other"),
        (lambda: (ACCEPTED, replace(REFUSED, called_party_heard=WELL)), "the called party of the refused call heard the other"),
        (silent_far_end, "the called party of the refused call received no sound at all"),
    ],
)
def test_what_is_not_as_it_must_be_is_told(made: Callable[[], Both], said: str, recording: Path) -> None:
    (sentence,) = checks.failures(*made(), recording, WHOLE)
    assert said in sentence


def test_a_recording_that_is_not_there_or_not_whole_is_told(recording: Path, tmp_path: Path) -> None:
    assert checks.failures(ACCEPTED, REFUSED, tmp_path / "none.wav", WHOLE) == ["there is no recording"]
    broken: Any = {**WHOLE, "whole": False, "faults": ["it was not closed"]}
    (sentence,) = checks.failures(ACCEPTED, REFUSED, recording, broken)
    assert "does not verify: ['it was not closed']" in sentence
