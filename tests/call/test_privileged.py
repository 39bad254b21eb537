"""Safety property P2 on the whole system: of a privileged call no sample reaches a recorder, a listener or a disk.

While it is on and after it, every file and socket of the daemon's process is looked at, deleted files too, and every
file of the site is searched for what was said, as it was said and as it crosses the wire.
"""

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.site import FACILITY, Site
from kinline.live.client import Connection, LiveError
from kinline.live.protocol import Acting
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.breach import never
from tests.call.house import ALEX, accepted, ask, assert_in_order, between, ear, house, on_hook, ring_home, told, until, voice

pytestmark = pytest.mark.vm

WORDS = voice(60, 77)
LIMIT_S = 8
LOUD = 1500  # samples below this are everywhere, and prove nothing
NEEDLE = 24  # samples in a row: a stretch of 3 ms that no prompt has by chance


@dataclass(frozen=True)
class Seen:
    """What a descriptor of the process is."""

    number: int
    target: str
    kind: str


def descriptors(pid: int) -> list[Seen]:
    """Every descriptor of a process, and what it leads to."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target, mode = str(link.readlink()), link.stat().st_mode
        except FileNotFoundError:
            continue
        found.append(Seen(int(link.name), target, "file" if stat.S_ISREG(mode) else "other"))
    return found


def connected(pid: int) -> set[str]:
    """Inodes of the process's sockets."""
    return {seen.target for seen in descriptors(pid) if seen.target.startswith("socket:")}


def bound_udp(pid: int) -> set[int]:
    """The UDP ports that the process has."""
    mine = {target.removeprefix("socket:[").removesuffix("]") for target in connected(pid)}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in mine}


def content(pid: int, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the site, and every file that the process has open: deleted ones have no other name."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.read_bytes()
    for seen in descriptors(pid):
        if seen.kind == "file" and seen.target.endswith("(deleted)"):
            yield seen.target, Path(f"/proc/{pid}/fd/{seen.number}").read_bytes()


def needles(pcm: NDArray[np.int16], step: int) -> list[bytes]:
    """Short stretches that are loud from end to end."""
    found = []
    for at in range(0, len(pcm) - NEEDLE, step):
        stretch = pcm[at : at + NEEDLE]
        if np.abs(stretch).mean() > LOUD:
            found.append(stretch.astype("<i2").tobytes())
    return found


def searched(pid: int, folder: Path, said: list[bytes]) -> list[str]:
    return [name for name, data in content(pid, folder) if any(needle in data for needle in said)]


async def privileged(site: Site) -> None:
    """The number at the other end becomes that of an arrangement with counsel."""
    now = datetime.now(UTC)
    site.store.arrange_counsel(
        FACILITY, ALEX.number, ALEX.contact, "L. Example", "bar 12", now - timedelta(hours=1), now + timedelta(days=1)
    )


async def test_a_privileged_call_leaves_no_trace_of_what_was_said(tmp_path: Path) -> None:
    party = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
    async with house(tmp_path, {ALEX.contact: party}, seconds=LIMIT_S) as site:
        board, pid = site.board, site.daemon.pid
        await privileged(site)
        before = {seen.target for seen in descriptors(pid) if seen.kind == "file"}
        board.speak(WORDS)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        how = ask(site, "select recorded, monitored, number_class from call")
        never(how != [(0, 0, "privileged")], f"recorded, monitored or not taken for privileged: {how}")
        ports = bound_udp(pid)

        during: list[Seen] = []
        while time.monotonic() < began + LIMIT_S - 2:
            during += descriptors(pid)
            never(list((site.data / "recordings").iterdir()), "there is a recording")
            await asyncio.sleep(0.3)
        for acting in (Acting(name="ivy", roles=["investigator", "supervisor"]), Acting(name="root", roles=[], local=True)):
            for do in ("listen", "barge"):
                with pytest.raises(LiveError, match="is not monitored"):
                    Connection(site.data / "live.sock", do, board.device, acting=acting)  # type: ignore[arg-type]

        # The daemon has opened no file for it but those that it has for every call, and no socket beside SIP, RTP and RTCP.
        new = {seen.target for seen in during if seen.kind == "file"} - before
        never(
            [target for target in new if not (Path(target).name.startswith("kinline.db") or "prompts" in target)],
            f"opened: {new}",
        )
        assert bound_udp(pid) == ports and len(ports) <= 3

        far = await site.far_end_of(ALEX.contact)
        await site.ended(board, since)
        await on_hook(site, board)
        # The search would find it: both voices went through, and they are loud.
        talk = between(far.heard, began + 1, began + LIMIT_S - 1)
        assert correlate(talk, to_8k(WORDS), 8000).correlation > 0.85
        heard = between(ear(board), began + 1, began + LIMIT_S - 1)
        assert correlate(heard, far.sent.pcm, 8000).correlation > 0.85
        said = needles(WORDS[: 16_000 * LIMIT_S], 400) + needles(talk, 160) + needles(far.sent.pcm[: 8000 * LIMIT_S], 160)
        assert len(said) > 300
        found = searched(pid, tmp_path, said)
        never(found, f"what was said stands in {found}")
        never(list((site.data / "recordings").iterdir()), "there is a recording")
        assert await site.daemon.stop() == 0
        never(searched(os.getpid(), tmp_path, said), "the daemon left what was said behind")
        (record,) = site.calls()
        never(record.recording or record.recorded or record.monitored, f"the record says {record}")


async def test_the_search_would_find_a_recording_in_clear(tmp_path: Path) -> None:
    """Of the search itself: a file in clear, deleted but open, is found."""
    said = needles(WORDS, 400)
    with (tmp_path / "leak.raw").open("wb+") as leak:
        leak.write(WORDS.astype("<i2").tobytes())
        leak.flush()
        assert searched(os.getpid(), tmp_path, said) == [str(tmp_path / "leak.raw")]
        (tmp_path / "leak.raw").unlink()
        assert [name.endswith("(deleted)") for name in searched(os.getpid(), tmp_path, said)] == [True]


async def test_a_recorded_call_is_on_no_disk_in_clear_either(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Accept(delay_s=0.1, ring_s=0.1)}, seconds=4) as site:
        board = site.board
        board.speak(WORDS)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        await site.ended(board, since)
        await told(site, "recording closed", since)
        far = await site.far_end_of(ALEX.contact)
        await on_hook(site, board)
        said = needles(WORDS[: 16_000 * 4], 400) + needles(between(far.heard, began + 1, began + 3), 160)
        assert len(said) > 100 and not searched(site.daemon.pid, tmp_path, said)
        await until(lambda: any((site.data / "recordings").iterdir()), "there is a recording")
        assert_in_order(site)
