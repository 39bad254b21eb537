"""What arrives broken, late, forged or not at all: a reason in the log, a count, a handset that works, no wrong charge."""

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import cycle
from pathlib import Path
from random import Random

import pytest

from demo.site import FACILITY, OtherSwitch, Site
from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.parties import Accept, Final, NotFound
from kinline_sim.rtcp import Reception
from kinline_sim.switch import Switch
from tests.call.house import (
    ALEX,
    LUZ,
    accepted,
    ask,
    assert_in_order,
    enter,
    house,
    on_hook,
    ring_home,
    scraped,
    seen,
    stopped,
    told,
    until,
    usable,
)
from tests.call.tap import TappedBoard
from tests.link_peer import Direction, clear_frame

pytestmark = pytest.mark.vm

LIMIT_S = 3
AT_ONCE = Accept(delay_s=0.1, ring_s=0.1)


def tapped(site: Site) -> TappedBoard:
    """Lay the first handset's cable through the test; before the site is brought up."""
    board = TappedBoard(device=site.board.device, key=site.board.key, link=site.folder / site.board.device, seed=site.seed)
    site.boards[0] = board
    return board


async def whole_call(site: Site, board: Board) -> None:
    """A call from off hook to its last second, and back on hook."""
    since = await ring_home(site, board)
    await accepted(site, board, since)
    record = await site.ended(board, since)
    assert (record.outcome, record.talk_seconds) == ("completed", LIMIT_S)
    await on_hook(site, board)


# The handset's line


async def test_the_port_vanishes_in_a_talk_and_returns(tmp_path: Path) -> None:
    site = house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S)
    board = tapped(site)
    async with site:
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        gone = len(site.daemon.lines)
        board.vanish()
        vanished = await told(site, "port vanished", gone)
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by) == ("completed", "fault")
        assert record.talk_seconds <= vanished["mono"] - began
        assert "check the cable" in (await told(site, "port cannot be opened, trying on", gone))["next"]
        board.plug_in()
        await site.in_reach(board, gone)
        await on_hook(site, board)
        await usable(site, board)
        assert_in_order(site)
        assert (await stopped(site))["link_port_gone"] == 1


async def test_garbage_replays_and_forgeries_during_a_talk(tmp_path: Path) -> None:
    site = house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S)
    board = tapped(site)
    async with site:
        since = await ring_home(site, board)
        await accepted(site, board, since)
        noise = Random(3)
        said = board.to_host[-6000:]
        epoch = said[said.rindex(wire.SYNC + bytes([wire.AUDIO])) + 3]
        forger = Direction(bytes(16), wire.LABEL_D2H_CIPHER, wire.LABEL_D2H_TAG, bytes(32))
        on_hook_forged = (1).to_bytes(2, "little") + wire.Hook(0, 0).encode()
        for number in range(20):
            board.inject(noise.randbytes(noise.randrange(1, 200)))
            board.inject(wire.SYNC + noise.randbytes(30))
            board.inject(said)
            board.inject(forger.seal(wire.Hook.ID, epoch, 1_000_000 + number, on_hook_forged))
            board.inject(clear_frame(0x0F, b"nobody knows this message"))
            board.inject(clear_frame(wire.Hello.ID, b"\x01 cut short"))
            await asyncio.sleep(0.05)  # a line at full speed holds no more
        record = await site.ended(board, since)
        assert (record.ended_by, record.talk_seconds) == ("clock", LIMIT_S), "noise on the line ended or shortened the talk"
        await on_hook(site, board)
        await usable(site, board)
        assert_in_order(site)
        counters = await stopped(site)
        assert counters["link_frame_refused{replay}"] > 0
        assert counters["link_frame_refused{tag}"] > 0
        assert counters["link_skipped_bytes"] > 0
        assert counters["link_malformed"] > 0


# The switch


def unused_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def not_reached(counters: dict[str, int], *statuses: int) -> int:
    return sum(counters.get(f"call_not_reached{{{status}}}", 0) for status in statuses)


async def test_a_switch_that_is_down_and_comes_up(tmp_path: Path) -> None:
    port = unused_port()
    async with house(tmp_path, {}, seconds=LIMIT_S, other=OtherSwitch("127.0.0.1", port), trunk="t1x64_ms = 2000") as site:
        assert "check trunk.address" in (await told(site, "switch unreachable"))["next"]
        since = await ring_home(site, site.board)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.charged_micros, record.accepted_at) == ("fault", 0, None)
        await on_hook(site, site.board)
        async with Switch(port=port, default=AT_ONCE):
            await whole_call(site, site.board)
        assert len(assert_in_order(site)) == 2
        counters = await stopped(site)
        assert counters["trunk_down"] == 1 and not_reached(counters, 408, 503) == 1


async def test_a_switch_that_never_answers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        port = mute.getsockname()[1]
        async with house(tmp_path, {}, other=OtherSwitch("127.0.0.1", port), trunk="t1x64_ms = 2000") as site:
            since = await ring_home(site, site.board)
            gone = await told(site, "far end gone", since)
            assert gone["status"] in (408, 503) and not gone["by_remote"]
            record = await site.ended(site.board, since)
            assert (record.outcome, record.ended_by, record.charged_micros) == ("fault", "fault", 0)
            await on_hook(site, site.board)
            await usable(site, site.board)
            assert_in_order(site)
            assert not_reached(await stopped(site), gone["status"]) == 1


async def test_final_answers_of_the_switch(tmp_path: Path) -> None:
    answers = {
        "+12025550151": (Final(status=503, phrase="Service Unavailable"), "fault"),
        "+12025550152": (Final(status=600, phrase="Busy Everywhere"), "busy"),
        "+12025550153": (NotFound(), "not_found"),
    }
    async with house(tmp_path, {number: party for number, (party, _) in answers.items()}) as site:
        since = len(site.daemon.lines)
        await site.board.lift()
        await site.phase(site.board, "pin", since)
        await enter(site.board, f"{ALEX.pin}#")
        for number, (party, outcome) in answers.items():
            site.store.add_contact(FACILITY, ALEX.number, number, "friend")
            await site.phase(site.board, "number", since)
            since = len(site.daemon.lines)
            await enter(site.board, f"{number.removeprefix('+1')}#")
            assert (await told(site, "far end gone", since))["status"] == party.status
            record = await site.ended(site.board, since)
            assert (record.outcome, record.charged_micros, record.accepted_at) == (outcome, 0, None)
        await site.phase(site.board, "over", since)  # three attempts a visit
        await on_hook(site, site.board)
        await usable(site, site.board)
        assert len(assert_in_order(site)) == 3
        counters = await stopped(site)
        assert [not_reached(counters, status) for status in (503, 600, 404)] == [1, 1, 1]


async def test_garbage_at_the_rtp_and_sip_ports_during_a_talk(tmp_path: Path) -> None:
    sip_port = unused_port()
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S, trunk=f"sip_port = {sip_port}") as site:
        rtp_port = (await told(site, "daemon ready"))["rtp_port"]
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        noise = Random(4)
        invite = (
            f"INVITE sip:1001@127.0.0.1:{sip_port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKforged\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:stranger@127.0.0.1>;tag=1\r\nTo: <sip:1001@127.0.0.1>\r\n"
            "Call-ID: stranger\r\nCSeq: 1 INVITE\r\nContact: <sip:stranger@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(200):
                stranger.sendto(noise.randbytes(noise.randrange(0, 300)), ("127.0.0.1", rtp_port))
                stranger.sendto(b"\x80\x00" + noise.randbytes(170), ("127.0.0.1", rtp_port))
                stranger.sendto(noise.randbytes(noise.randrange(1, 300)), ("127.0.0.1", sip_port))
                stranger.sendto(invite[: noise.randrange(1, len(invite))], ("127.0.0.1", sip_port))
            stranger.sendto(b"INVITE " + b"A" * 60_000, ("127.0.0.1", sip_port))
            stranger.sendto(invite, ("127.0.0.1", sip_port))
            await told(site, "request refused", since, method="INVITE")
        record = await site.ended(site.board, since)
        assert (record.ended_by, record.talk_seconds) == ("clock", LIMIT_S)
        await on_hook(site, site.board)
        await usable(site, site.board)
        assert len(assert_in_order(site)) == 1
        counters = await stopped(site)
        assert counters["sip_refused"] >= 1
        assert counters["rtp_unknown_source"] + counters.get("rtp_malformed", 0) >= 200


async def test_reports_that_lie_are_told_once_and_counted_for_whoever_scrapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RTCP of the far end's own: cut short, then of more lost packets than were sent, in turn."""
    honest, answers = Reception.answer, cycle((cut_short, boastful))

    def answer(reception: Reception, report: bytes, ssrc: int) -> bytes | None:
        told = honest(reception, report, ssrc)
        return told and next(answers)(told)

    monkeypatch.setattr(Reception, "answer", answer)
    port = unused_port()
    party = {ALEX.contact: AT_ONCE}
    async with house(tmp_path, party, seconds=60, calls=f"[metrics]\nport = {port}\n") as site:
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        await told(site, "the far end's reports are not all ones to be believed", since)
        page = ""
        async with asyncio.timeout(60):
            while not all(name in page for name in ("kinline_rtcp_malformed_total", "kinline_rtcp_disbelieved_total")):
                page = await asyncio.to_thread(scraped, port)
                await asyncio.sleep(0.2)
        assert 'kinline_far_reports_bad_total{reason=""} 1.0' in page
        await on_hook(site, site.board)
        record = await site.ended(site.board, since)
        assert record.outcome == "completed"
        counters = await stopped(site)
        assert counters["rtcp_malformed"] >= 1 and counters["rtcp_disbelieved"] >= 1 and counters["far_reports_bad"] == 1


def cut_short(report: bytes) -> bytes:
    return report[:20]


def boastful(report: bytes) -> bytes:
    """The same, of a million lost packets."""
    return report[:12] + (1_000_000).to_bytes(4) + report[16:]


# The caller


async def test_silly_pins_and_numbers(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S, calls="entry_timeout_seconds = 2\n") as site:
        board = site.board
        since = len(site.daemon.lines)
        await board.lift()  # and nothing is pressed
        await site.phase(board, "over", since)
        await on_hook(site, board)

        since = len(site.daemon.lines)
        await board.lift()
        await site.phase(board, "pin", since)
        await enter(board, "1" * 13)  # the twelfth digit is the last: a PIN is no longer
        await told(site, "PIN refused", since)
        await site.phase(board, "pin", len(site.daemon.lines) - 1)
        await enter(board, f"+-#99*#12*{ALEX.pin}#")  # an asterisk begins again; too short is not taken
        await site.phase(board, "number", since)
        for number in ("#9*#911", "0" * 15, "19005550123", "18005550123"):
            tried = len(site.daemon.lines)
            await enter(board, number if len(number) == 15 else f"{number}#")
            await seen(site, board, "call denied", tried)
            if number != "19005550123":
                await site.phase(board, "number", tried)
                continue
            await site.phase(board, "over", tried)  # the third attempt of a visit is the last
            break
        await on_hook(site, board)

        since = len(site.daemon.lines)
        await board.lift()
        await site.phase(board, "pin", since)
        await enter(board, f"{ALEX.pin}#")
        await site.phase(board, "number", since)
        await enter(board, "2025")  # and the caller falls silent: what there is, is taken for the number
        await seen(site, board, "call denied", since)
        await on_hook(site, board)
        await usable(site, board)

        calls = assert_in_order(site)
        assert [call.outcome for call in calls] == ["denied"] * 4
        assert all(call.deny_rule and call.charged_micros == 0 for call in calls)
        assert site.switch.calls == []
        counters = await stopped(site)
        assert counters["identity_refused{wrong}"] == 1
        assert sum(count for name, count in counters.items() if name.startswith("call_denied")) == 4
        assert not any(ALEX.pin in str(line) for line in site.daemon.lines)


# Database, sound files, disk


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Another program holds the database."""
    with closing(sqlite3.connect(site.data / "kinline.db", isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def test_a_locked_database(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        board = site.board
        since = len(site.daemon.lines)
        await board.lift()
        await site.phase(board, "pin", since)
        with locked(site):
            await enter(board, f"{ALEX.pin}#")
            told_why = await seen(site, board, "the store could not answer", since)
            assert "another program holds the database" in told_why["exception"]
            await site.phase(board, "over", since)
        await on_hook(site, board)
        assert site.calls() == []

        since = await ring_home(site, board)
        await accepted(site, board, since)
        with locked(site):
            await seen(site, board, "call ended", since)
            await seen(site, board, "the store could not be written", since)
            await on_hook(site, board)
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", LIMIT_S)
        await usable(site, board)
        assert len(assert_in_order(site)) == 1
        assert (await stopped(site))["store_failed"] >= 2
        assert not any(ALEX.pin in str(line) for line in site.daemon.lines), "a failure's traceback tells the PIN"


@contextmanager
def immutable(*files: Path) -> Iterator[None]:
    """Nobody may write the files, root neither, nor who has them open."""
    try:
        for file in files:
            file.chmod(0o444)
            if os.geteuid() == 0 and not _marked(file, "+i"):
                pytest.skip("root may write everything here: chattr +i is missing, or does not work on this file system")
        yield
    finally:
        for file in files:
            _marked(file, "-i")
            file.chmod(0o600)


def _marked(file: Path, how: str) -> bool:
    return bool(shutil.which("chattr")) and subprocess.run(["chattr", how, file], capture_output=True).returncode == 0


async def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        await site.daemon.stop()
        since = len(site.daemon.lines)
        with immutable(site.data / "kinline.db"), pytest.raises(RuntimeError, match="ended early"):
            await site.daemon.start()
        assert await site.daemon.stop() == 2
        reason = "".join(line.get("text", "") for line in site.daemon.lines[since:])
        assert "kinline.db" in reason and "write access" in reason
        since = len(site.daemon.lines)
        await site.daemon.start()
        await site.in_reach(site.board, since)
        await usable(site, site.board)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """The disk of that folder has no room left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert not os.statvfs(folder).f_bavail
    try:
        yield
    finally:
        ballast.unlink()


async def talk_into(site: Site, trouble: AbstractContextManager[None], *reasons: str) -> None:
    """The database fails in a talk: it is told and counted, the handset is free again, and once it is repaired there is the
    record, with the money for the talk and no more.
    """
    board = site.board
    since = await ring_home(site, board)
    await accepted(site, board, since)
    with trouble:
        await told(site, "talk so far could not be written", since)
        await seen(site, board, "call ended", since)
        await seen(site, board, "the store could not be written", since)
        await on_hook(site, board)
        await usable(site, board)
        assert ask(site, "select ended_at, charged_micros from call") == [(None, 0)], "nothing was written"
    record = await site.ended(board, since)
    assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", LIMIT_S)
    await whole_call(site, board)
    assert len(assert_in_order(site)) == 2
    counters = await stopped(site)
    assert sum(counters.get(f"database_trouble{{{reason}}}", 0) for reason in reasons) >= 2 and counters["checkpoint_failed"] >= 1


async def test_a_database_that_becomes_read_only_in_a_talk(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        files = (site.data / "kinline.db", site.data / "kinline.db-wal")  # what stands in memory between them stays writable
        await talk_into(site, immutable(*files), "read_only", "full")  # as SQLite tells a refused write


async def test_a_full_disk_under_the_database_in_a_talk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "data", 16 << 10):
        async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
            await talk_into(site, full(site.data), "full")
        site.store.close()


async def restarted_with(site: Site, storage: str) -> None:
    """Add to the settings' storage, and start anew with them."""
    await site.daemon.stop()
    settings = site.folder / "kinline.toml"
    settings.write_text(settings.read_text().replace("[storage]", f"[storage]\n{storage}"))
    since = len(site.daemon.lines)
    await site.daemon.start()
    await site.in_reach(site.board, since)


async def test_broken_and_missing_prompts_of_the_site(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        prompts = site.folder / "own" / "en"
        prompts.mkdir(parents=True)
        (prompts / "enter_pin.wav").write_bytes(b"RIFF this is no sound")
        (prompts / "connecting.wav").write_bytes(b"")
        (prompts / "time_over.wav").symlink_to(prompts / "nowhere.wav")
        await restarted_with(site, 'site_prompts_dir = "own"')
        since = len(site.daemon.lines)
        await whole_call(site, site.board)
        assert "enter_pin.wav" in (await told(site, "prompt_site_file_bad", since))["reason"]
        assert_in_order(site)
        assert (await stopped(site))["prompt_site_file_bad"] >= 2


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk of its own needs root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_under_the_recordings(tmp_path: Path) -> None:
    with small_disk(tmp_path / "data" / "recordings", 32):  # a second of sound
        async with house(tmp_path, {ALEX.contact: AT_ONCE, LUZ.contact: AT_ONCE}, seconds=LIMIT_S) as site:
            since = len(site.daemon.lines)
            await whole_call(site, site.board)
            failed = await told(site, "recording cannot be written, trying on; the call goes on", since)
            assert "No space" in failed["error"] and "free space" in failed["next"]
            # The disk is still full: now no recording can even begin.
            await whole_call(site, site.board)
            assert len(assert_in_order(site)) == 2
            assert ask(site, "select count(*) from call where accepted_at is null") == [(0,)]
            assert (await stopped(site))["recording_failed"] == 2


async def test_a_recordings_folder_that_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        (site.data / "recordings").rmdir()
        since = len(site.daemon.lines)
        await whole_call(site, site.board)
        failed = await told(site, "recording cannot be written, trying on; the call goes on", since)
        assert "No such file" in failed["error"] and failed["file"].endswith(".klr")
        (record,) = assert_in_order(site)
        await told(site, "recording closed", since)
        await until(lambda: site.store.recording(record.id).closed, "what became of the recording is kept")
        closed = site.store.recording(record.id).closed
        assert closed and closed.frames == 0 and "No such file" in (closed.trouble or "")
        assert (await stopped(site))["recording_failed"] == 1
