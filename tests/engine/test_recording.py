"""Recordings: what is in them, what survives, and what is never recorded."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import RecorderEvent, recorded
from kinline_engine.errors import Busy, EngineError, Refused
from tests.engine.parties import Pcm, Stage, contains, correlation, speech

NEAR = speech(3, 16000, seed=1)
FAR = speech(3, 8000, seed=2)


def read(path: Path) -> tuple[Pcm, Pcm]:
    """The caller's and the called party's channel."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        both = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return both[0::2], both[1::2]


def test_each_party_is_on_its_own_channel(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    stage.call.gate(True)
    stage.call.record(path)
    stage.talk(NEAR, FAR)
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(path)
    assert closed.code == 0 and closed.id == stage.call.id and recorded(closed) == (len(left), 0)
    assert correlation(NEAR[::2], left) >= 0.95 and correlation(FAR, right) >= 0.95
    assert correlation(NEAR[::2], right) < 0.1 and correlation(FAR, left) < 0.1
    assert len(left) == 24000
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_recorded_while_the_gate_is_closed(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    stage.call.record(path)
    stage.talk(NEAR, FAR)
    stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(path)
    assert len(left) >= 24000 and not left.any() and not right.any()


@pytest.mark.parametrize("how", ["call", "engine"])
def test_the_end_of_call_or_engine_closes_the_file_whole(tmp_path: Path, how: str) -> None:
    path = tmp_path / "call.wav"
    with Stage() as stage:
        stage.call.gate(True)
        stage.call.record(path)
        stage.talk(NEAR, FAR)
        if how == "call":
            stage.call.close()
            stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, _ = read(path)
    assert correlation(NEAR[::2], left) >= 0.95


def test_a_privileged_call_has_no_recorder(tmp_path: Path) -> None:
    path = tmp_path / "never.wav"
    with Stage(privileged=True) as stage:
        stage.call.gate(True)
        with pytest.raises(Refused):
            stage.call.record(path)
        with pytest.raises(Refused):
            stage.call.record_stop()
        near_heard, far_heard = stage.talk(NEAR, FAR)
        assert correlation(FAR, near_heard[::2]) >= 0.95 and correlation(NEAR[::2], far_heard) >= 0.95
    assert not path.exists() and not list(tmp_path.iterdir())


def test_one_recording_a_call_and_never_over_another(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    stage.call.record(path)
    with pytest.raises(Busy):
        stage.call.record(tmp_path / "second.wav")
    assert not (tmp_path / "second.wav").exists()
    stage.call.record_stop()
    with pytest.raises(Busy):
        stage.call.record_stop()
    with pytest.raises(Busy, match="exists"):
        stage.call.record(path)
    with pytest.raises(EngineError, match="recording to"):
        stage.call.record(tmp_path / "no such folder/call.wav")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB: two seconds of recording."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_no_space_left_is_told_by_its_number(stage: Stage, small_disk: Path) -> None:
    stage.call.gate(True)
    stage.call.record(small_disk / "call.wav")
    stage.talk(NEAR, FAR)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.ENOSPC
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, _ = read(small_disk / "call.wav")
    assert closed.code == -errno.ENOSPC and len(left) > 8000


def test_the_largest_file_allowed_is_told_and_the_call_goes_on(stage: Stage, tmp_path: Path) -> None:
    stage.call.gate(True)
    stage.call.record(tmp_path / "call.wav")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        stage.talk(NEAR, FAR)
        failed = stage.wait(Source.RECORDER, RecorderEvent.FAILED)
        near_heard, far_heard = stage.talk(NEAR, FAR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.code < 0 and failed.id == stage.call.id
    assert correlation(FAR, near_heard[::2]) >= 0.95 and correlation(NEAR[::2], far_heard) >= 0.95
    stage.call.record_stop()
    assert stage.wait(Source.RECORDER, RecorderEvent.CLOSED).code == failed.code
    left, _ = read(tmp_path / "call.wav")
    assert len(left) > 8000  # what came before is kept and readable


KILLED = """
import sys, time
from tests.engine.parties import FRAME16, FRAME8, Stage, speech
near, far = speech(60, 16000, 1), speech(60, 8000, 2)
with Stage() as stage:
    stage.call.gate(True)
    stage.call.record(sys.argv[1])
    began = time.monotonic()
    for i in range(3000):
        stage.period(near[i * FRAME16 : (i + 1) * FRAME16], far[i * FRAME8 : (i + 1) * FRAME8])
        print(i + 1, flush=True)
        time.sleep(max(0, began + (i + 1) * 0.02 - time.monotonic()))
"""


def test_kill_9_costs_at_most_a_second(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(root), *sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, env=env, cwd=root
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == 150:
                process.send_signal(signal.SIGKILL)
                break
        spoken = 150 + len(process.stdout.readlines())
    left, right = read(path)
    assert len(left) >= (spoken - 50) * 160
    # The last 200 ms: before them a slow machine may have put in a silent period or two.
    assert contains(speech(60, 16000, 1)[::2], left[-1600:]) >= 0.95
    assert contains(speech(60, 8000, 2), right[-1600:]) >= 0.95
