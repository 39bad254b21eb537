"""Kill the daemon at ten points of a call: one record an attempt, a charge for what was talked, a handset that works."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from demo.site import Person, Site
from kinline.store.calls import CallInfo
from kinline_sim.board import Board
from kinline_sim.parties import Accept, RingOut
from tests.breach import never
from tests.call.house import (
    ALEX,
    accepted,
    ask,
    assert_in_order,
    enter,
    house,
    on_hook,
    ring_home,
    seen,
    told,
    until,
    usable,
)

pytestmark = pytest.mark.vm

LIMIT_S = 4
AT_ONCE = Accept(delay_s=0.1, ring_s=0.1)
Point = Callable[[Site, Board, Person], Awaitable[None]]


async def off_hook(site: Site, board: Board, _: Person) -> None:
    since = len(site.daemon.lines)
    await board.lift()
    await seen(site, board, "off hook", since)


async def in_the_pin(site: Site, board: Board, person: Person) -> None:
    await off_hook(site, board, person)
    await site.phase(board, "pin")
    await enter(board, person.pin[:3])


async def in_the_number(site: Site, board: Board, person: Person) -> None:
    await off_hook(site, board, person)
    await site.phase(board, "pin")
    await enter(board, f"{person.pin}#")
    await site.phase(board, "number")
    await enter(board, "20255")


async def begun(site: Site, board: Board, person: Person) -> None:
    since = await ring_home(site, board, person)
    await seen(site, board, "call begun", since)


async def ringing(site: Site, board: Board, person: Person) -> None:
    await ring_home(site, board, person)
    await until(lambda: person.contact in [call.number for call in site.switch.calls], "the switch rings")


async def in_phase(site: Site, board: Board, person: Person, phase: str) -> None:
    since = await ring_home(site, board, person)
    await seen(site, board, "visit", since, phase=phase)


async def in_the_menu(site: Site, board: Board, person: Person) -> None:
    await in_phase(site, board, person, "menu")


async def accepting(site: Site, board: Board, person: Person) -> None:
    await in_phase(site, board, person, "accepting")


async def early_talk(site: Site, board: Board, person: Person) -> None:
    await in_phase(site, board, person, "talk")


async def late_talk(site: Site, board: Board, person: Person) -> None:
    await in_phase(site, board, person, "talk")
    await until(lambda: ask(site, "select talk_checkpoint_seconds from call") >= [(LIMIT_S - 1,)], "the last checkpoint")


async def farewell(site: Site, board: Board, person: Person) -> None:
    since = await ring_home(site, board, person)
    await seen(site, board, "handset muted the talk", since)


async def over(site: Site, board: Board, person: Person) -> None:
    since = await ring_home(site, board, person)
    await site.ended(board, since)


TRANSIENT = (begun, accepting, early_talk, late_talk, farewell, over)


@pytest.mark.parametrize("point", TRANSIENT, ids=lambda point: point.__name__)
async def test_killed(tmp_path: Path, point: Point) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        await point(site, site.board, ALEX)
        (call,) = await killed_and_mended(site)
        assert (call.accepted_at is None) == (point is begun) or point is accepting
        if point is late_talk:
            assert call.talk_seconds >= LIMIT_S - 1
        if point is not begun:
            await until(lambda: not site.switch.active, "the daemon that is back hangs up what the killed one left")
            await until(lambda: not list((site.data / "dialogs").iterdir()), "and knows of it")
        if point is over:
            assert (call.outcome, call.ended_by, call.talk_seconds) == ("completed", "clock", LIMIT_S)


async def test_killed_with_five_handsets_on_their_way(tmp_path: Path) -> None:
    """Off hook, in the PIN, in the number, ringing, in the called party's menu: the last two have a record."""
    people = [Person(f"200{i}", f"Person {i}", f"48291{i}", f"+1202555016{i}") for i in range(5)]
    parties = {people[3].contact: RingOut(), people[4].contact: Accept(delay_s=60)}
    points = (off_hook, in_the_pin, in_the_number, ringing, in_the_menu)
    async with house(tmp_path, parties, handsets=5, people=people) as site:
        await asyncio.gather(*(point(site, *who) for point, *who in zip(points, site.boards, people, strict=True)))
        calls = await killed_and_mended(site)
        assert sorted(call.number for call in calls) == [people[3].contact, people[4].contact]
        assert all(call.accepted_at is None and call.outcome == "fault" for call in calls)


async def killed_and_mended(site: Site) -> list[CallInfo]:
    """Kill the daemon, start it again; what its predecessor left must be in order. Returns the records."""
    await site.daemon.kill()
    killed = time.monotonic()
    left = ask(site, "select ended_at is null, accepted_at is null, talk_checkpoint_seconds, talk_seconds from call")
    talk = next((line["mono"] for line in site.daemon.lines if line["event"] == "visit" and line["phase"] == "talk"), killed)

    since = len(site.daemon.lines)
    await site.daemon.start()
    for board in site.boards:
        await site.in_reach(board, since)

    calls = assert_in_order(site)
    for call, (is_open, is_unaccepted, checkpoint, talked) in zip(calls, left, strict=True):
        owed = checkpoint if is_open else talked
        assert call.talk_seconds == owed <= killed - talk
        if is_open:
            assert (call.ended_by, call.cause) == ("fault", "the host stopped during the call")
            assert call.outcome == ("fault" if is_unaccepted else "completed")
            await told(site, "a call record was open", since, call=call.id)

    for board in site.boards:
        await on_hook(site, board)
    await asyncio.gather(*(usable(site, board) for board in site.boards))
    never(site.calls() != calls, "a restart made a record, or changed one")
    return calls


async def test_killed_twice_and_the_next_call_is_whole(tmp_path: Path) -> None:
    """The record that the first crash left is closed once; after it the same inmate calls as if nothing had been."""
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        await late_talk(site, site.board, ALEX)
        for _ in range(2):
            await site.daemon.kill()
            since = len(site.daemon.lines)
            await site.daemon.start()
        await site.in_reach(site.board, since)
        await on_hook(site, site.board)
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        whole = await site.ended(site.board, since)
        crashed, last = assert_in_order(site)
        assert last == whole
        assert (whole.talk_seconds, whole.ended_by) == (LIMIT_S, "clock")
        assert crashed.talk_seconds < LIMIT_S
        recordings = {path.name for path in (site.data / "recordings").iterdir()}
        assert recordings == {f"{crashed.id}.klr", f"{whole.id}.klr"}
        assert crashed.recording == str(site.data / "recordings" / f"{crashed.id}.klr"), "a recording that no record knows"
