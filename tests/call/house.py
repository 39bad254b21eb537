"""A site as these tests want it: short calls, few keys, and what must hold of its books at any time."""

import asyncio
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.daemon_process import Line
from demo.site import PEOPLE, Person, Site
from kinline.store.calls import CallInfo
from kinline_sim.board import Board
from kinline_sim.parties import Party
from kinline_sim.rtp import Take
from tests.breach import never

ALEX, LUZ = PEOPLE
PATIENCE_S = 20.0


QUIET = """\
[announcements]
warning_seconds = []
source = "tests"
effective = 2026-01-01
"""


def house(
    folder: Path,
    parties: Mapping[str, Party],
    *,
    seconds: int = 6,
    calls: str = "",
    rules: str = "",
    said: str = QUIET,
    spoken_names: bool = False,
    **options: Any,
) -> Site:
    """A site whose calls last `seconds`, and which asks for PIN and number only, and
    where told for names. `rules` are further lines of its profile.
    """
    profile = f"""\
extends = "demo"
title = "Calls of seconds"
version = 1
[call_length]
seconds = {seconds}
source = "tests"
effective = 2026-01-01
{said}{rules}"""
    return Site(
        folder,
        dict(parties),
        profile="short",
        profiles={"short": profile},
        calls=f"language_choice = false\n{calls}",
        spoken_names=spoken_names,
        **options,
    )


async def enter(board: Board, keys: str) -> None:
    """Dial what was asked for. The asterisk begins an entry anew, and gives a busy machine the time to ask for it."""
    await board.dial(f"*{keys}")


async def ring_home(site: Site, board: Board, person: Person = ALEX) -> int:
    """Lift, give PIN and number. Returns where this visit's log lines begin."""
    since = len(site.daemon.lines)
    await board.lift()
    # A starved machine reads a finger's bounce as a second key; a caller who hears so dials again.
    tried = since
    while True:
        await site.phase(board, "pin", tried)
        tried = len(site.daemon.lines)
        await enter(board, f"{person.pin}#")
        if (await one_of(site, board, ("PIN refused", "number"), tried)) == "number":
            break
    while True:
        await site.phase(board, "number", tried)
        tried = len(site.daemon.lines)
        await enter(board, f"{person.contact.removeprefix('+1')}#")
        decided = await site.daemon.logged(
            lambda line: line["event"] in ("call begun", "call denied") and line["handset"] == board.device, since=tried
        )
        if decided.get("rule") != "invalid_number":
            break
    assert decided["event"] == "call begun", decided
    return since


async def one_of(site: Site, board: Board, names: Sequence[str], since: int) -> str:
    """Which of these comes first at the handset: an event of the log, or a phase of its visit."""

    def name(line: Line) -> str:
        return str(line["phase"] if line["event"] == "visit" else line["event"])

    return name(
        await site.daemon.logged(
            lambda line: line.get("handset") == board.device and name(line) in names, since=since, timeout_s=60
        )
    )


async def seen(site: Site, board: Board, event: str, since: int, **fields: Any) -> Line:
    """The log line of this handset that tells of an event."""

    def wanted(line: Line) -> bool:
        return line["event"] == event and line.get("handset") == board.device and fields.items() <= line.items()

    return await site.daemon.logged(wanted, since=since, timeout_s=60)


async def told(site: Site, event: str, since: int = 0, **fields: Any) -> Line:
    """The log line, of whatever part, that tells of an event."""
    return await site.daemon.logged(
        lambda line: line["event"] == event and fields.items() <= line.items(), since=since, timeout_s=60
    )


async def accepted(site: Site, board: Board, since: int) -> float:
    """When the talk began, on the monotonic clock."""
    moment: float = (await seen(site, board, "visit", since, phase="talk"))["mono"]
    return moment


async def until(condition: Callable[[], object], what: str) -> None:
    """For what nobody reports: the relay's contact, a row of the database."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE_S:.0f} s: {what}"
        await asyncio.sleep(0.02)


async def on_hook(site: Site, board: Board) -> None:
    """Hang up, and wait until the daemon knows."""
    since = len(site.daemon.lines)
    await board.hang_up()
    await seen(site, board, "on hook", since)


async def usable(site: Site, board: Board) -> None:
    """From a handset that lies in its cradle a new visit gets as far as the PIN."""
    since = len(site.daemon.lines)
    await board.lift()
    await site.phase(board, "pin", since)
    await on_hook(site, board)


def scraped(port: int) -> str:
    """What Prometheus is told."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        return str(page.read().decode())


async def stopped(site: Site) -> dict[str, int]:
    """Stop the daemon; its counters."""
    since = len(site.daemon.lines)
    assert await site.daemon.stop() == 0
    counters: dict[str, int] = next(line for line in site.daemon.lines[since:] if line["event"] == "daemon stopped")["counters"]
    return counters


def assert_in_order(site: Site) -> list[CallInfo]:
    """No record is open, no money is held, every charge is what was talked, nothing came from or went to nowhere.

    Returns the records, oldest first.
    """
    calls = site.calls()
    never(not all(call.ended_at and call.outcome for call in calls), f"a record is open: {calls}")
    never(ask(site, "select count(*) from hold where settled_at is null") != [(0,)], "money is held for no call")
    never(site.store.trial_balance(), "money came from or went to nowhere")
    for call in calls:
        never(
            call.charged_micros != call.rate_micros_per_minute * call.talk_seconds // 60, f"charged otherwise than talked: {call}"
        )
    for person in site.people:
        paid = sum(call.charged_micros for call in calls if call.inmate == person.number)
        never(site.balance(person) != person.dollars * 1_000_000 - paid, f"the balance of {person.name} is not what was paid")
    return calls


def ask(site: Site, query: str) -> list[tuple[Any, ...]]:
    """Rows straight from the database's file."""
    with closing(sqlite3.connect(site.data / "kinline.db", timeout=10)) as connection:
        return connection.execute(query).fetchall()


def voice(seconds: float, seed: int) -> NDArray[np.int16]:
    """A voice at 16 kHz that resembles no other: noise of the telephone band in syllables."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 16_000)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / 16_000)
    spectrum[(hertz < 400) | (hertz > 3000)] = 0
    wave = np.fft.irfft(spectrum, count)
    wave *= 0.3 + np.abs(np.sin(2.5 * np.pi * np.arange(count) / 16_000))
    return np.asarray(np.clip(wave / np.std(wave) * 3000, -32767, 32767), np.int16)


def between(take: Take, start: float, end: float) -> NDArray[np.int16]:
    """The samples of a take that fall into a span of the monotonic clock."""
    first, last = (max(0, round((at - take.start_ns / 1e9) * 8000)) for at in (start, end))
    return take.pcm[first:last]


def ear(board: Board) -> Take:
    """What the caller heard since power-on, at 8 kHz."""
    heard = board.heard()
    start = time.monotonic() - len(heard) / 16_000
    whole = heard[: len(heard) // 2 * 2].reshape(-1, 2).astype(np.int32).mean(axis=1)
    return Take(round(start * 1e9), whole.astype(np.int16))
