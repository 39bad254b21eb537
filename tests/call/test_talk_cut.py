"""Safety property P3 on the whole system: the handset cuts the talk within 250 ms of its grant, whoever has died."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo.site import OtherSwitch, Site
from kinline_sim.board import Board
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from kinline_sim.phone import CallRecord
from tests.call.house import (
    ALEX,
    accepted,
    assert_in_order,
    between,
    house,
    on_hook,
    ring_home,
    until,
    usable,
    voice,
)

pytestmark = pytest.mark.vm

LATEST_S = 0.250
LIMIT_S = 4
WORDS = voice(60, 7)
AT_ONCE = Accept(delay_s=0.2, ring_s=0.1)
# Of noise of the telephone band with anything else; the same noise through the channel gives more than 0.9.
MOST_LEAK = 0.2


async def talking(site: Site) -> tuple[int, float]:
    """A caller who never pauses, in a talk. Where its log lines begin, and when the grant is over."""
    site.board.speak(WORDS)
    since = await ring_home(site, site.board)
    return since, await accepted(site, site.board, since) + LIMIT_S


async def cut_at(board: Board, over: float) -> float:
    """When the relay opened at the end of this talk. A starved handset may open it before: that is the safe side."""

    def moves() -> list[float]:
        return [at for at, closed in board.relay_log if not closed and at > over - 1]

    await until(moves, "the relay opens")
    return moves()[0]


async def assert_cut_in_time(board: Board, over: float) -> None:
    opened = await cut_at(board, over)
    assert opened <= over + LATEST_S, f"{(opened - over) * 1000:.0f} ms after the grant's end"


def assert_silent_after(far: CallRecord, over: float) -> None:
    """The called party heard the caller during the talk, and nothing of the caller after it."""
    spoken = to_8k(WORDS)
    during = between(far.heard, over - 2.5, over - 0.5)
    assert correlate(during, spoken, 8000).correlation > 0.8, "the measure hears nothing, so it proves nothing"
    # 120 ms is the longest that speech waits in the called party's jitter buffer and ours.
    after = between(far.heard, over + LATEST_S + 0.12, over + 60)
    if np.any(after):
        assert correlate(after, spoken, 8000).correlation < MOST_LEAK


async def test_with_everything_alive(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        since, over = await talking(site)
        await assert_cut_in_time(site.board, over)
        record = await site.ended(site.board, since)
        assert (record.talk_seconds, record.ended_by) == (LIMIT_S, "clock")
        assert_silent_after(await site.far_end_of(ALEX.contact), over)
        assert_in_order(site)


async def test_with_the_daemon_killed_a_second_before_the_end(tmp_path: Path) -> None:
    hangs_up = replace(AT_ONCE, talk_s=LIMIT_S + 1.0)
    async with house(tmp_path, {ALEX.contact: hangs_up}, seconds=LIMIT_S) as site:
        _, over = await talking(site)
        await asyncio.sleep(over - 1 - time.monotonic())
        await site.daemon.kill()
        killed = time.monotonic()
        assert site.board.relay_closed, "a talk outlives its host"
        await assert_cut_in_time(site.board, over)
        far = await site.far_end_of(ALEX.contact)
        assert not np.any(between(far.heard, killed + 0.5, over + 60)), "somebody speaks for a dead daemon"


async def test_with_the_cable_pulled(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=LIMIT_S) as site:
        since, over = await talking(site)
        await asyncio.sleep(over - 3 - time.monotonic())
        pulled = time.monotonic()
        site.board.cut_cable()
        record = await site.ended(site.board, since)
        assert record.ended_by == "fault"
        assert record.talk_seconds <= pulled - (over - LIMIT_S)
        await assert_cut_in_time(site.board, over)
        far = await site.far_end_of(ALEX.contact)
        after = between(far.heard, pulled + LATEST_S, over + 60)
        assert not len(after) or correlate(after, to_8k(WORDS), 8000).correlation < MOST_LEAK
        assert_in_order(site)
        back = len(site.daemon.lines)
        site.board.restore_cable()
        await site.in_reach(site.board, back)
        await on_hook(site, site.board)
        await usable(site, site.board)


@asynccontextmanager
async def switch_process(script: Path) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """A switch that can be killed: its port, its process."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("kinline-sim"), "switch", "--bind", "127.0.0.1:0", "--script", script,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    try:
        yield json.loads(await process.stdout.readline())["listening"], process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_with_a_switch_that_is_gone_or_says_nothing(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "numbers.toml"
    script.write_text(f'[numbers."{ALEX.contact}"]\nparty = "accept"\ndelay_s = 0.2\nring_s = 0.1\n')
    async with (
        switch_process(script) as (port, process),
        house(tmp_path / "site", {}, seconds=LIMIT_S, other=OtherSwitch("127.0.0.1", port), trunk="t1x64_ms = 2000") as site,
    ):
        since, over = await talking(site)
        process.send_signal(number)
        await assert_cut_in_time(site.board, over)
        record = await site.ended(site.board, since)
        assert record.talk_seconds <= LIMIT_S
        await on_hook(site, site.board)
        assert_in_order(site)
        await usable(site, site.board)
