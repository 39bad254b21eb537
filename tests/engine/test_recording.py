"""Recordings: what is in them, what survives, and what is never recorded."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kinline.recordings import Report, Sealed, inspected
from kinline.recordings.export import sound
from kinline_engine.bus import Source
from kinline_engine.engine import Call, RecorderEvent, recorded
from kinline_engine.errors import Busy, EngineError, Refused
from tests.engine.parties import Pcm, Stage, contains, correlation, speech
from tests.engine.recording import KEYS, record

NEAR = speech(3, 16000, seed=1)
FAR = speech(3, 8000, seed=2)


def opened(path: Path) -> tuple[Report, Pcm, Pcm]:
    """What is whole, and the caller's and the called party's channel."""
    with Sealed(path, KEYS) as recording:
        report = inspected(recording)
        both = np.frombuffer(b"".join(sound(recording, report.length)), np.int16)
    return report, both[0::2], both[1::2]


def read(path: Path) -> tuple[Pcm, Pcm]:
    """The channels of a recording that is whole."""
    report, left, right = opened(path)
    assert report.whole, report
    return left, right


def test_each_party_is_on_its_own_channel(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.klr"
    stage.call.gate(True)
    record(stage.call, path)
    stage.talk(NEAR, FAR)
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(path)
    told = recorded(closed)
    assert closed.code == 0 and closed.id == stage.call.id
    assert (told.frames, told.missing, told.rate) == (len(left), 0, 8000)
    report, _, _ = opened(path)
    assert (told.chunks, told.link.hex()) == (len(report.pieces), report.link)
    assert correlation(NEAR[::2], left) >= 0.95 and correlation(FAR, right) >= 0.95
    assert correlation(NEAR[::2], right) < 0.1 and correlation(FAR, left) < 0.1
    assert len(left) == 24000
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_recorded_while_the_gate_is_closed(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.klr"
    record(stage.call, path)
    stage.talk(NEAR, FAR)
    stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(path)
    assert len(left) >= 24000 and not left.any() and not right.any()


@pytest.mark.parametrize("how", ["call", "engine"])
def test_the_end_of_call_or_engine_closes_the_file_whole(tmp_path: Path, how: str) -> None:
    path = tmp_path / "call.klr"
    with Stage() as stage:
        stage.call.gate(True)
        record(stage.call, path)
        stage.talk(NEAR, FAR)
        if how == "call":
            stage.call.close()
            stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, _ = read(path)
    assert correlation(NEAR[::2], left) >= 0.95


def test_a_privileged_call_has_no_recorder(tmp_path: Path) -> None:
    with Stage(privileged=True) as stage:
        assert not hasattr(stage.call, "record") and not hasattr(stage.call, "monitor")
        stage.call.gate(True)
        pretended = Call(stage.engine, stage.call.id)  # a caller of the engine who does not keep to the types
        with pytest.raises(Refused):
            record(pretended, tmp_path / "never.klr")
        with pytest.raises(Refused):
            pretended.record_stop()
        with pytest.raises(Refused):
            pretended.monitor()
        near_heard, far_heard = stage.talk(NEAR, FAR)
        assert correlation(FAR, near_heard[::2]) >= 0.95 and correlation(NEAR[::2], far_heard) >= 0.95
    assert not list(tmp_path.iterdir())


def test_a_call_has_only_the_place_that_it_was_made_with(tmp_path: Path) -> None:
    with Stage(far_end=False) as stage:
        stage.call.close()
        monitored = stage.engine.create_monitored_call(stage.link)
        monitored.monitor().close()
        with pytest.raises(Refused):
            record(Call(stage.engine, monitored.id), tmp_path / "never.klr")
        monitored.close()
        recorded_only = stage.engine.create_recorded_call(stage.link)
        record(recorded_only, tmp_path / "call.klr")
        with pytest.raises(Refused):
            Call(stage.engine, recorded_only.id).monitor()


def test_one_recording_a_call_and_never_over_another(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "call.klr"
    record(stage.call, path)
    with pytest.raises(Busy):
        record(stage.call, tmp_path / "second.klr")
    stage.call.record_stop()
    with pytest.raises(Busy):
        stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    before = path.read_bytes()
    record(stage.call, path)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.EEXIST
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    assert closed.code == -errno.EEXIST and path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["call.klr"]


def test_a_folder_that_comes_late_costs_nothing_that_fits_into_the_ring(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "late" / "call.klr"
    stage.call.gate(True)
    record(stage.call, path)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.ENOENT
    stage.talk(NEAR, FAR)
    path.parent.mkdir()
    stage.wait(Source.RECORDER, RecorderEvent.RESUMED)
    stage.call.record_stop()
    assert stage.wait(Source.RECORDER, RecorderEvent.CLOSED).code == 0
    left, right = read(path)
    assert correlation(NEAR[::2], left) >= 0.95 and correlation(FAR, right) >= 0.95


@pytest.mark.parametrize("wrong", [{"rate": 44_100}, {"key": b"short"}, {"head": bytes(5000)}])
def test_what_cannot_be_a_recording_is_refused(stage: Stage, tmp_path: Path, wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"key": bytes(32), "head": b"{}", "rate": 8000}
    with pytest.raises((EngineError, ValueError)):
        stage.call.record(tmp_path / "call.klr", **{**good, **wrong})  # type: ignore[arg-type]
    assert not stage.call.counters.recording and not list(tmp_path.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB: two seconds of recording."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_full_disk_is_told_once_keeps_what_there_is_and_goes_on_when_there_is_room(stage: Stage, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(40_000))
    stage.call.gate(True)
    record(stage.call, small_disk / "call.klr")
    near_heard, far_heard = stage.talk(NEAR, FAR)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.ENOSPC
    assert correlation(FAR, near_heard[::2]) >= 0.95 and correlation(NEAR[::2], far_heard) >= 0.95
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    stage.wait(Source.RECORDER, RecorderEvent.RESUMED)
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    assert closed.code == 0 and recorded(closed).missing == 0
    left, _ = read(small_disk / "call.klr")
    assert correlation(NEAR[::2], left) >= 0.95
    assert not [event for event in stage.drain() if event.source == Source.RECORDER], "it was told more than once"


def test_a_disk_that_stays_full_costs_what_came_after(stage: Stage, small_disk: Path) -> None:
    stage.call.gate(True)
    record(stage.call, small_disk / "call.klr")
    for _ in range(3):
        stage.talk(NEAR, FAR)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.ENOSPC
    stage.wait(Source.RECORDER, RecorderEvent.BEHIND)
    stage.call.record_stop()
    closed = stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    told = recorded(closed)
    assert closed.code == -errno.ENOSPC and told.frames + told.missing == 9 * 8000
    report, left, _ = opened(small_disk / "call.klr")
    assert report.frames == told.frames >= 8000 and not report.whole
    assert contains(NEAR[::2], left[800:8000]) >= 0.95


def test_a_disk_turned_read_only_is_told_and_the_call_goes_on(stage: Stage, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    stage.call.gate(True)
    record(stage.call, small_disk / "call.klr")
    near_heard, far_heard = stage.talk(NEAR, FAR)
    assert stage.wait(Source.RECORDER, RecorderEvent.FAILED).code == -errno.EROFS
    assert correlation(FAR, near_heard[::2]) >= 0.95 and correlation(NEAR[::2], far_heard) >= 0.95
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    stage.wait(Source.RECORDER, RecorderEvent.RESUMED)
    stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, _ = read(small_disk / "call.klr")
    assert correlation(NEAR[::2], left) >= 0.95


KILLED = """
import sys, time
from tests.engine.parties import FRAME16, FRAME8, Stage, speech
from tests.engine.recording import record
near, far = speech(60, 16000, 1), speech(60, 8000, 2)
with Stage() as stage:
    stage.call.gate(True)
    record(stage.call, sys.argv[1])
    began = time.monotonic()
    for i in range(3000):
        stage.period(near[i * FRAME16 : (i + 1) * FRAME16], far[i * FRAME8 : (i + 1) * FRAME8])
        print(i + 1, flush=True)
        time.sleep(max(0, began + (i + 1) * 0.02 - time.monotonic()))
"""


def test_kill_9_costs_at_most_a_second(tmp_path: Path) -> None:
    path = tmp_path / "call.klr"
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
    report, left, right = opened(path)
    assert not report.missing and len(report.faults) == 1 and "it was not closed" in report.faults[0]
    assert len(left) >= (spoken - 50) * 160
    # The last 200 ms: before them a slow machine may have put in a silent period or two.
    assert contains(speech(60, 16000, 1)[::2], left[-1600:]) >= 0.95
    assert contains(speech(60, 8000, 2), right[-1600:]) >= 0.95
