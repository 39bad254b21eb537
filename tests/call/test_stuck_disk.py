"""A recordings' disk that takes nothing for a quarter of a minute and says nothing of it: the talks go on, and what is not
recorded is said."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kinline.recordings import Sealed, inspected, load_keys
from kinline.store.recordings import RecordingInfo
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import (
    ALEX,
    LUZ,
    accepted,
    ask,
    assert_in_order,
    between,
    house,
    on_hook,
    ring_home,
    stopped,
    told,
    until,
    voice,
)

pytestmark = pytest.mark.vm

STUCK_S = 15.0
RING_S = 5.1  # what the engine holds for a disk that is late
SLACK_S = 10.0  # a busy machine lets go so much later
RELEASED_AFTER_S = 90
IS_STUCK = "the recordings' disk is stuck: sound is being lost"
PARTY = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
WORDS = {ALEX: voice(60, 51), LUZ: voice(60, 52)}


Stuck = Callable[[], AbstractContextManager[None]]


@contextmanager
def own_disk(folder: Path) -> Iterator[Stuck]:
    """A file system of its own in that folder; yields what holds up all writing to it for a span."""
    image = folder.parent / "disk.img"
    folder.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(32 << 20)
    _or_skip("mkfs.ext4", "-q", image)
    _or_skip("mount", "-o", "loop", image, folder)
    try:
        _or_skip("fsfreeze", "-f", folder)
        subprocess.run(["fsfreeze", "-u", folder], check=True)
        yield lambda: _held_up(folder)
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def _held_up(folder: Path) -> Iterator[None]:
    """A killed test leaves nobody waiting for the disk: it is let go after a while all the same."""
    subprocess.run(["fsfreeze", "-f", folder], check=True)
    later = ["sh", "-c", f'sleep {RELEASED_AFTER_S}; fsfreeze -u "$0"', str(folder)]
    release = subprocess.Popen(later, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", folder], check=True)
        os.killpg(release.pid, signal.SIGKILL)
        release.wait()


def _or_skip(*command: str | Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"a disk that stalls needs e2fsprogs and util-linux: {error}")
    if done.returncode:
        pytest.skip(f"a disk that stalls needs root, loop devices and fsfreeze: {done.stderr.strip()}")


async def test_a_disk_that_stalls_under_two_talks(tmp_path: Path) -> None:
    parties = {person.contact: PARTY for person in WORDS}
    with own_disk(tmp_path / "data" / "recordings") as stuck:
        async with house(tmp_path, parties, seconds=120, handsets=2) as site:
            alex, luz = site.boards
            for board, words in zip(site.boards, WORDS.values(), strict=True):
                board.speak(words)
            since = await ring_home(site, alex)
            began = await accepted(site, alex, since)
            await until(lambda: time.monotonic() > began + 2, "there is something on the disk")

            with stuck():
                since_when = time.monotonic()
                during = await ring_home(site, luz, LUZ)  # a call that begins meanwhile begins like any other
                await accepted(site, luz, during)
                # Of each once the engine holds no more of it; a busy machine may come to the second call late.
                await until(
                    lambda: sum(line["event"].startswith(IS_STUCK) for line in site.daemon.lines) == 2, "both are told of"
                )
                await until(lambda: time.monotonic() > since_when + STUCK_S, "it has been stuck for long")
                await on_hook(site, alex)  # one that ends meanwhile is recorded as ended, and charged
                ended = await site.ended(alex, since)
                released = time.monotonic()
                assert ended.outcome == "completed" and ended.talk_seconds >= STUCK_S
                assert not any(line["event"] == "recording closed" for line in site.daemon.lines)

            await told(site, "recording closed", since, call=ended.id)
            await until(lambda: time.monotonic() > released + 2, "the other talk is recorded again")
            await on_hook(site, luz)
            other = await site.ended(luz, during)
            await told(site, "recording closed", during, call=other.id)
            await until(lambda: len(ask(site, "select 1 from recording")) == 2, "what became of both is kept")

            # The parties heard each other all the while: Alex until hanging up, Luz from acceptance on.
            spans = {ALEX: (since_when + 1, released - 1), LUZ: (released - 3, released + 1)}
            for person, (start, end) in spans.items():
                far = await site.far_end_of(person.contact)
                heard = correlate(between(far.heard, start, end), to_8k(WORDS[person]), 8000).correlation
                assert heard > 0.8, f"{person.name} was not heard through it ({heard:.2f})"
            for record in (ended, other):
                _says_what_is_missing(site.data, site.store.recording(record.id), record.talk_seconds)
            assert len(assert_in_order(site)) == 2
            counters = await stopped(site)
            assert counters["recording_behind"] >= 2 == counters["recording_incomplete"]


def _says_what_is_missing(data: Path, info: RecordingInfo, talk_seconds: int) -> None:
    """Database and file agree on what is lost: no more than the disk was stuck for, less what the engine held."""
    closed = info.closed
    assert closed is not None and closed.trouble == "the disk was stuck or full for a while"
    missing, length = closed.missing_frames / closed.rate, (closed.frames + closed.missing_frames) / closed.rate
    assert 0 < missing <= STUCK_S + SLACK_S - RING_S
    assert length == pytest.approx(talk_seconds, abs=1.5)
    with Sealed(info.file, load_keys(data / "recordings.key")) as recording:
        report = inspected(recording, closed.link)
    assert not report.faults and report.frames == closed.frames
    assert sum(stretch.frames for stretch in report.missing) == closed.missing_frames
