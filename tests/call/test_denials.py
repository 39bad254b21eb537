"""Refusals as whole calls: the caller hears the reason and the next time, nobody is called, nothing is paid."""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.site import FACILITY, Person, Site
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline.rules import Allow, Window
from kinline.rules.model import Language
from kinline.store.given import OwnLimits
from kinline_sim.board import Board
from kinline_sim.listening import correlate, to_8k
from tests.call.house import ALEX, LUZ, assert_in_order, between, ear, enter, house, on_hook

pytestmark = pytest.mark.vm

ZONE = ZoneInfo("America/New_York")
HEARD = 0.85
UNHEARD = 0.6
PATIENCE_S = 6.0
KIM = Person("1003", "Kim Sample", "615283", "+12025550146")
LEE = Person("1004", "Lee Sample", "904417", "+12025550147", "es")
POOR = replace(KIM, number="1005", name="Max Sample", pin="338126", dollars=0)
PENDING, CLOSED, UNWILLING = "+12025550171", "+12025550172", "+12025550173"
GAP_S = 3600


def allowances(today: datetime) -> str:
    """A wait between calls, and ten minutes a month; the month begins anew on a day that is not near."""
    common = 'source = "tests"\neffective = 2026-01-01\n'
    return (
        f'[[gaps]]\nseconds = {GAP_S}\nfrom = "start"\n{common}'
        f'[[minutes]]\nperiod = "month"\nmost = 10\nreset_day = {reset(today).day}\n{common}'
        f'[[calls]]\nperiod = "custody"\nmost = 3\n{common}'
    )


def reset(today: datetime) -> datetime:
    """The next midnight at which the month's minutes begin anew."""
    day = next(day for ahead in range(8, 20) if (day := today + timedelta(days=ahead)).day <= 28)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Refusal:
    """What is dialed, why it is refused, and from when on it would not be."""

    dialed: str
    rule: str
    next_at: datetime | None = None


def past_calls(site: Site, board: Board, person: Person, *begun: datetime, talk_seconds: int) -> None:
    """Calls that this inmate has had."""
    inmate = site.store.inmate(FACILITY, person.number).id
    allow = Allow(talk_seconds, "call_length", False, False, 60_000, "debit")
    for at in begun:
        call = site.store.begin_call(board.device, inmate, person.contact, allow, "demo", at)
        site.store.mark_accepted(call, at)
        site.store.end_call(call, "completed", "caller", talk_seconds, at + timedelta(seconds=talk_seconds))


async def visit(site: Site, board: Board, person: Person) -> int:
    """Lift and give the PIN. Returns where the log stood before the number was asked for."""
    since = len(site.daemon.lines)
    await board.lift()
    await site.phase(board, "pin", since)
    await enter(board, f"{person.pin}#")
    await site.phase(board, "number", since)
    return since


async def refused(site: Site, board: Board, language: Language, refusal: Refusal) -> None:
    """Dial, be refused, and hear all of why. On a starved machine words are lost; who has not understood dials again."""
    for _ in range(3):
        if await understood(site, board, language, refusal):
            break
    else:
        raise AssertionError(f"the reason was never heard whole: {refusal}")
    record = next(call for call in reversed(site.calls()) if call.handset == board.device)
    assert (record.outcome, record.deny_rule, record.charged_micros) == ("denied", refusal.rule, 0)
    assert record.ended_at is not None and record.accepted_at is None and record.recording is None


async def understood(site: Site, board: Board, language: Language, refusal: Refusal) -> bool:
    """Whether the reason, and from when on, reached the ear; another reason did not, in any case."""
    since, began = len(site.daemon.lines), time.monotonic()
    await enter(board, f"{refusal.dialed}#")
    line = await site.daemon.logged(
        lambda line: line["event"] in ("call denied", "call begun") and line["handset"] == board.device, since=since, timeout_s=60
    )
    if line.get("rule") == "invalid_number" != refusal.rule:
        return False  # a finger's bounce was read as a second key
    assert line.get("rule") == refusal.rule, line
    prompter, decided = Prompter(site.data / "prompts"), time.monotonic()
    when: dict[str, Any] = {"next_at": refusal.next_at, "now": datetime.now(ZONE)} if refusal.next_at else {}
    said = to_8k(read_wav(prompter.wav(f"denied_{refusal.rule}", language, **when)))
    while correlate(said, between(ear(board), began, time.monotonic()), 8000).correlation < HEARD:
        if time.monotonic() > decided + len(said) / 8000 + PATIENCE_S:
            return False
        await asyncio.sleep(0.5)
    other = "denied_premium" if refusal.rule != "premium" else "denied_hours"
    unsaid = to_8k(read_wav(prompter.wav(other, language)))
    heard = correlate(unsaid, between(ear(board), began, time.monotonic()), 8000)
    assert heard.correlation < UNHEARD, "the measure hears everything, so it proves nothing"
    return True


async def refused_for_the_number(site: Site, board: Board) -> None:
    """Refusals in one visit, in English, that no waiting ends."""
    site.store.add_contact(FACILITY, ALEX.number, PENDING, "friend", status="pending")
    for closed in (CLOSED, UNWILLING):
        site.store.add_contact(FACILITY, ALEX.number, closed, "friend")
    site.store.block_number(CLOSED, "staff", FACILITY)
    site.store.block_number(UNWILLING, "called_party", FACILITY)
    await visit(site, board, ALEX)
    for refusal in (
        Refusal("123", "invalid_number"),
        Refusal("8005550199", "toll_free"),
        Refusal("9005550123", "premium"),
        Refusal("011442079460123", "international"),
        Refusal("2025550174", "not_on_list"),
        Refusal(PENDING.removeprefix("+1"), "not_approved"),
        Refusal(CLOSED.removeprefix("+1"), "blocked_by_facility"),
        Refusal(UNWILLING.removeprefix("+1"), "blocked_by_called_party"),
    ):
        await refused(site, board, "en", refusal)
    await on_hook(site, board)


async def refused_for_the_time(site: Site, board: Board) -> None:
    """Refusals that end by themselves, each told with when; the first three in Spanish."""
    now = datetime.now(ZONE).replace(second=0, microsecond=0)
    home = LUZ.contact.removeprefix("+1")
    await visit(site, board, LUZ)
    stop = site.store.restrict(FACILITY, handset=board.device, until=now + timedelta(hours=2))
    await refused(site, board, "es", Refusal(home, "suspension", now + timedelta(hours=2)))
    site.store.lift_restriction(stop, FACILITY, "over")
    stop = site.store.restrict(FACILITY, inmate=LUZ.number, until=now + timedelta(days=3))
    await refused(site, board, "es", Refusal(home, "restriction", now + timedelta(days=3)))
    site.store.lift_restriction(stop, FACILITY, "over")
    opens = (now.hour * 60 + now.minute + 120) % 1440
    site.store.limit_place(FACILITY, OwnLimits(windows=[Window(opens, min(opens + 60, 1440))]), handset=board.device)
    next_open = now.replace(hour=opens // 60, minute=opens % 60) + timedelta(days=opens < 120)
    await refused(site, board, "es", Refusal(home, "hours", next_open))
    site.store.limit_place(FACILITY, OwnLimits(), handset=board.device)
    await on_hook(site, board)

    ago = datetime.now(UTC)
    past_calls(site, board, KIM, ago - timedelta(minutes=10), talk_seconds=30)
    past_calls(site, board, LEE, ago - timedelta(hours=2), talk_seconds=600)
    again = (ago - timedelta(minutes=10) + timedelta(seconds=GAP_S)).astimezone(ZONE)
    for person, refusal in (
        (KIM, Refusal(KIM.contact.removeprefix("+1"), "gap", again)),
        (LEE, Refusal(LEE.contact.removeprefix("+1"), "minutes", reset(now))),
        (POOR, Refusal(POOR.contact.removeprefix("+1"), "balance")),
    ):
        await visit(site, board, person)
        await refused(site, board, person.language, refusal)
        await on_hook(site, board)


async def test_who_is_refused_hears_why_and_from_when_on(tmp_path: Path) -> None:
    people = (ALEX, LUZ, KIM, LEE, POOR)
    rules = allowances(datetime.now(ZONE))
    async with house(tmp_path, {}, handsets=2, people=people, rules=rules, calls="number_tries = 20") as site:
        first, second = site.boards
        await asyncio.gather(refused_for_the_number(site, first), refused_for_the_time(site, second))
        calls = assert_in_order(site)
        assert len({call.deny_rule for call in calls if call.deny_rule}) >= 14
        assert not site.switch.calls, "a refused attempt reached the switch"
