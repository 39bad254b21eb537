"""What befalls a telephone while the daemon runs: stolen, opened, restarted, changed for another. The log, a counter and
staff's own command say so, and the others go on."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from typer.testing import CliRunner

from demo.site import Site
from kinline.cli.main import app
from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import (
    ALEX,
    accepted,
    ask,
    assert_in_order,
    between,
    house,
    on_hook,
    ring_home,
    scraped,
    seen,
    stopped,
    told,
    until,
    usable,
    voice,
)
from tests.call.tap import TappedBoard
from tests.call.test_bad_input import unused_port
from tests.link_peer import clear_frame
from tests.sim.conftest import with_file

pytestmark = pytest.mark.vm

AT_ONCE = Accept(delay_s=0.1, ring_s=0.1)


async def kinline(site: Site, *words: str) -> Any:
    """What the command answers, as JSON; AssertionError if it fails."""
    command = [*words, "--config", str(site.folder / "kinline.toml"), "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def state(site: Site, board: Board) -> dict[str, Any]:
    """This handset's line of `kinline handset status`."""
    return next(line for line in await kinline(site, "handset", "status") if line["handset"] == board.device)


async def test_a_stolen_telephone_is_revoked_in_a_talk_and_stays_out(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=60, handsets=2) as site:
        stolen, other = site.boards
        since = await ring_home(site, stolen)
        await accepted(site, stolen, since)
        gone = len(site.daemon.lines)
        await kinline(site, "handset", "revoke", stolen.device)
        # Out of service, its talk is cut within a second; without a key, its session ends within two.
        record = await site.ended(stolen, since)
        assert (record.outcome, record.ended_by) == ("completed", "staff")
        assert (await seen(site, stolen, "handset out of reach", gone))["reason"] == "its key was revoked"
        await until(lambda: not stolen.relay_closed, "the relay opens")

        # It says hello as it is, and again after its power was cut: it is not let in.
        await seen(site, stolen, "frame refused", gone, counter="link_unknown_device")
        stolen.power_off()
        back = len(site.daemon.lines)
        stolen.power_on()
        refused = await seen(site, stolen, "frame refused", back, counter="link_unknown_device")
        assert "is not enrolled" in refused["detail"]
        assert not (await state(site, stolen))["in_reach"] and (await state(site, other))["in_reach"]
        await usable(site, other)
        assert not [line for line in site.daemon.lines[gone:] if line["event"] == "handset in reach"]
        assert_in_order(site)
        counters = await stopped(site)
        assert counters["link_revoked"] == 1 and counters["link_unknown_device"] >= 2

        # A daemon that starts anew has not forgotten either.
        restarted = len(site.daemon.lines)
        await site.daemon.start()
        await told(site, "frame refused", restarted, counter="link_unknown_device")
        await site.in_reach(other, restarted)


async def test_a_vandal_is_told_of_at_once_and_remembered(tmp_path: Path) -> None:
    port = unused_port()
    async with house(tmp_path, {}, calls=f"[metrics]\nport = {port}\n") as site:
        board = site.board
        deeds = {
            "magnet": (lambda: board.magnet(700), lambda: board.magnet(0)),
            "case": (board.open_lid, board.shut_lid),
            "cord": (lambda: board.wires("cord", "cut"), lambda: board.wires("cord", "whole")),
        }
        for kind, (harm, mend) in deeds.items():
            since = len(site.daemon.lines)
            harm()
            raised = await seen(site, board, "the handset raises an alarm", since, alarm=kind)
            await until(lambda: [alarm.kind for alarm in site.store.alarms()] == [kind], "staff find the alarm")  # noqa: B023
            (listed,) = await kinline(site, "alarm", "list")
            assert (listed["kind"], listed["detail"], listed["cleared_at"]) == (kind, raised["detail"], None)
            assert (await state(site, board))["alarms"] == {kind: raised["detail"]}
            mend()
            await seen(site, board, "an alarm is over", since, alarm=kind)
        await until(lambda: not site.store.alarms(), "nothing stands")
        kept = await kinline(site, "alarm", "list", "--cleared")
        assert [line["kind"] for line in kept] == ["cord", "case", "magnet"]
        assert all(line["raised_at"] < line["cleared_at"] for line in kept)
        entries = await kinline(site, "audit", "list", "--limit", "50")
        assert sum(entry["action"] == "handset.alarms" for entry in entries) >= 6

        text = await asyncio.to_thread(scraped, port)
        for kind in deeds:
            assert f'kinline_handset_alarm_total{{reason="{kind}"}} 1.0' in text
        assert await kinline(site, "audit", "verify")
        await usable(site, board)


async def test_forged_handshakes_are_limited_and_the_talk_goes_on(tmp_path: Path) -> None:
    site = house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=4)
    board = TappedBoard(device=site.board.device, key=site.board.key, link=site.folder / site.board.device, seed=site.seed)
    site.boards[0] = board
    async with site:
        since = await ring_home(site, board)
        await accepted(site, board, since)
        welcomes = board.to_board.count(wire.SYNC + bytes((wire.Welcome.ID,)))
        for _ in range(60):
            forged = wire.Hello(wire.MAJOR, wire.MINOR, wire.SCHEMA, 1, token_bytes(16), board.device, "forged")
            board.inject(clear_frame(wire.Hello.ID, forged.encode()))
            await asyncio.sleep(0.02)  # a line at full speed holds no more beside the talk
        limited = await told(site, "frame refused", since, counter="link_hello_limited")
        assert "a forger, or a reset loop" in limited["detail"]
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", 4)
        answered = board.to_board.count(wire.SYNC + bytes((wire.Welcome.ID,))) - welcomes
        assert wire.HELLOS <= answered <= wire.HELLOS + 2
        await on_hook(site, board)
        await usable(site, board)
        counters = await stopped(site)
        assert counters["link_hello_limited"] >= 50 and counters["link_session_opened"] == 1


async def test_what_anybody_can_say_to_a_handset_ends_no_talk(tmp_path: Path) -> None:
    """Probes, welcomes and refusals need no key. The caller is heard from the first of them to the last."""
    words = voice(30, 11)
    site = house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=4)
    board = TappedBoard(device=site.board.device, key=site.board.key, link=site.folder / site.board.device, seed=site.seed)
    site.boards[0] = board
    forgeries = [
        clear_frame(wire.Probe.ID, b""),
        clear_frame(wire.Welcome.ID, wire.Welcome(7, wire.MINOR, bytes(16), bytes(16)).encode()),
        clear_frame(wire.Refuse.ID, wire.Refuse(wire.REFUSE_UNKNOWN_DEVICE, 1, 1, "go away").encode()),
    ]
    async with site:
        board.speak(words)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        hellos = board.to_host.count(wire.SYNC + bytes((wire.Hello.ID,)))
        for _ in range(40):
            for forged in forgeries:
                board.inject_to_board(forged)
            await asyncio.sleep(0.05)  # a line at full speed holds no more beside the talk
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by, record.talk_seconds) == ("completed", "clock", 4)
        far = await site.far_end_of(ALEX.contact)
        assert correlate(between(far.heard, began + 0.5, began + 3.5), to_8k(words), 8000).correlation > 0.7
        assert board.to_host.count(wire.SYNC + bytes((wire.Hello.ID,))) == hellos, "it asks for another session"
        await on_hook(site, board)
        health = await told(site, "health", since)
        assert health["rejected"] >= 100, "the handset has not heard what was forged, or does not count it"
        await usable(site, board)
        counters = await stopped(site)
        assert counters["link_session_opened"] == 1


async def test_a_handset_that_restarts_in_a_talk_is_not_charged_for_being_dead(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=20) as site:
        board = site.board

        def marked() -> int:
            return int(ask(site, "select talk_checkpoint_seconds from call")[0][0])

        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        await until(lambda: marked() >= 2, "two seconds of talk")
        alive, before = time.monotonic() - began, marked()
        board.power_off()
        await until(lambda: marked() > before, "a second of talk more, as far as the daemon knows")
        board.power_on()
        record = await site.ended(board, since)
        assert (record.outcome, record.ended_by) == ("completed", "fault")
        assert 0 < record.talk_seconds <= alive  # up to when it was last heard, half a second before at most
        assert_in_order(site)  # and the charge is what that costs
        await site.in_reach(board, since)
        await on_hook(site, board)
        await usable(site, board)


async def test_a_telephone_with_another_key_or_at_the_wrong_port_is_named(tmp_path: Path) -> None:
    """One was provisioned anew without being enrolled, two have changed their places."""
    async with house(tmp_path, {}, handsets=3) as site:
        await site.daemon.stop()
        first, second, third = site.boards
        with Board(device=first.device, key=token_bytes(16), seed=9) as impostor:
            for port, board in ((first, impostor), (second, third), (third, second)):
                (site.folder / port.device).unlink()
                (site.folder / port.device).symlink_to(board.path)
            since = len(site.daemon.lines)
            await site.daemon.start()
            for one, other in ((second, third), (third, second)):
                misplaced = f"'{one.device}' is at the port of {other.device}"
                await site.daemon.logged(lambda line: misplaced in line.get("detail", ""), since=since)  # noqa: B023
            unproved = await told(site, "frame refused", since, counter="link_unproved")
            assert f"'{first.device}'" in unproved["detail"] and "kinline tech enroll" in unproved["detail"]
            assert not [line for line in site.daemon.lines[since:] if line["event"] == "handset in reach"]


HUNGRY = """\
import asyncio, machine, slots
from handset import app
tick = app.App._tick
async def hungry(self):
    kept = []
    task = asyncio.create_task(tick(self))
    while not self.session.off_hook:
        await asyncio.sleep_ms(50)
    task.cancel()
    while True:
        kept.append(bytearray(4096))
if not slots.recall(machine.RTC().memory())[1] and machine.reset_cause() == machine.PWRON_RESET:
    app.App._tick = hungry
app.main()
"""


async def test_restarts_are_counted_by_what_caused_them(tmp_path: Path) -> None:
    """A heap that is full in a visit, a program that hangs, power: each with its name for staff and for metrics."""
    source = with_file(tmp_path, "main.py", HUNGRY)
    port = unused_port()
    site = house(tmp_path / "site", {}, calls=f"[metrics]\nport = {port}\n")
    own, link = site.board, site.folder / site.board.device
    board = site.boards[0] = Board(device=own.device, key=own.key, link=link, seed=1, source=source, vm="unix")
    async with site:
        assert (await state(site, board))["started_by"] == "power"
        since = len(site.daemon.lines)
        await board.lift()  # it takes all of the heap as soon as it is off hook
        assert (await seen(site, board, "the handset has restarted", since))["cause"] == "memory"
        assert "MemoryError" in board.console
        await seen(site, board, "off hook", since + 2)  # once more: the handset that came back finds itself lifted
        await on_hook(site, board)

        since = len(site.daemon.lines)
        assert board.vm.pid
        os.kill(board.vm.pid, signal.SIGSTOP)
        assert (await seen(site, board, "the handset has restarted", since))["cause"] == "watchdog"
        since = len(site.daemon.lines)
        board.power_off()
        board.power_on()
        assert (await seen(site, board, "the handset has restarted", since))["cause"] == "power"
        now = await state(site, board)
        assert (now["started_by"], now["restarts"]) == ("power", {"memory": 1, "watchdog": 1, "power": 1})
        text = await asyncio.to_thread(scraped, port)
        for cause in now["restarts"]:
            assert f'kinline_handset_restart_total{{reason="{cause}"}} 1.0' in text
