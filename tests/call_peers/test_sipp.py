"""The whole system and far ends scripted in sipp: what the one call record says, and that nothing is owed."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.site import OtherSwitch, Site
from tests.call.house import assert_in_order, house, on_hook, ring_home, told, usable
from tests.peers import scenarios
from tests.peers.program import free_port
from tests.peers.sipp import Sipp
from tests.sip import far_ends

pytestmark = [pytest.mark.vm, pytest.mark.peer, pytest.mark.usefixtures("needs_sipp")]

ADDRESS = "127.0.0.4"


def probed(scenario: str) -> str:
    """The same, and the daemon's OPTIONS are answered: each comes as a call of its own."""
    first, rest = scenario.split('<recv request="INVITE">', 1)
    return (
        f'{first}<recv request="OPTIONS" optional="true" next="probe"/>\n<recv request="INVITE">'
        + rest.removesuffix("</scenario>\n")
        + f'<nop next="over"/>\n<label id="probe"/>\n{far_ends.reply("200 OK")}<label id="over"/>\n</scenario>\n'
    )


@contextlib.asynccontextmanager
async def site_behind(folder: Path, scenario: str) -> AsyncIterator[tuple[Site, Sipp]]:
    """A site whose trunk leads to sipp. In the end sipp has met nothing that its script does not expect."""
    with Sipp(probed(scenario), folder / "sipp", address=ADDRESS, calls=1000) as far_end:
        async with house(folder / "site", {}, other=OtherSwitch(ADDRESS, far_end.port)) as site:
            yield site, far_end
            await usable(site, site.board)
            (call,) = assert_in_order(site)
            assert (call.accepted_at, call.talk_seconds, call.charged_micros, call.recording) == (None, 0, 0, None)
    assert far_end.errors() == ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final status of the INVITE, and what the record says of it."""

    status: str
    outcome: str
    ended_by: str


@pytest.mark.parametrize(
    "refusal",
    [Refusal("486 Busy Here", "busy", "called_party"), Refusal("404 Not Found", "not_found", "called_party")],
    ids=lambda refusal: refusal.outcome,
)
async def test_refused(tmp_path: Path, refusal: Refusal) -> None:
    async with site_behind(tmp_path, scenarios.refuse(refusal.status)) as (site, _):
        since = await ring_home(site, site.board)
        record = await site.ended(site.board, since)
        await on_hook(site, site.board)
        assert (record.outcome, record.ended_by) == (refusal.outcome, refusal.ended_by)


async def test_a_redirect_is_never_followed(tmp_path: Path) -> None:
    port = free_port(ADDRESS)
    with Sipp(scenarios.answer_until_bye(), tmp_path / "elsewhere", address=ADDRESS, port=port) as elsewhere:
        async with site_behind(tmp_path, scenarios.redirect(elsewhere.uri)) as (site, _):
            since = await ring_home(site, site.board)
            record = await site.ended(site.board, since)
            await on_hook(site, site.board)
            assert (record.outcome, record.ended_by) == ("fault", "fault")
        assert elsewhere.messages() == "", "somebody followed the redirect"


async def test_answered_and_hung_up_in_the_menu(tmp_path: Path) -> None:
    async with site_behind(tmp_path, scenarios.answer_then_bye(after=1500)) as (site, _):
        since = await ring_home(site, site.board)
        await site.phase(site.board, "menu", since)
        record = await site.ended(site.board, since)
        await on_hook(site, site.board)
        assert (record.outcome, record.ended_by) == ("refused", "called_party")


async def test_the_caller_hangs_up_while_the_answer_is_under_way(tmp_path: Path) -> None:
    """CANCEL and 200 cross: the far end is acknowledged and hung up, and the menu is never said."""
    async with site_behind(tmp_path, scenarios.answer_crossing_cancel()) as (site, far_end):
        since = await ring_home(site, site.board)
        await told(site, "progress", since, status=180)
        await on_hook(site, site.board)
        record = await site.ended(site.board, since)
        await told(site, "far end gone", since)
        assert (record.outcome, record.ended_by) == ("abandoned", "caller")
        assert "\nBYE sip:" in far_end.messages()
        assert "menu" not in [line["phase"] for line in site.daemon.lines[since:] if line["event"] == "visit"]
