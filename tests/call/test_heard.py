"""What is heard on the line, as whole calls: a machine ends the menu, a third party the talk, and typed text is kept."""

from pathlib import Path

import pytest

from kinline_sim.parties import TextTelephone, ThreeWay, Voicemail
from tests.call.house import ALEX, accepted, assert_in_order, house, on_hook, ring_home, stopped, until

pytestmark = pytest.mark.vm

CUT = """\
[third_party]
on_sign = "cut"
confidence = 80
source = "tests"
effective = 2026-01-01
"""


async def test_a_machine_is_hung_up_on_and_costs_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Voicemail(ring_s=0.2, greeting_s=3)}) as site:
        since = await ring_home(site, site.board)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.accepted_at, record.charged_micros) == ("voicemail", None, 0)
        assert any(sign.sign == "beep" and sign.confidence >= 85 for sign in site.store.call(record.id).signs)
        await on_hook(site, site.board)
        assert_in_order(site)
        assert (await stopped(site))["sign_heard{beep}"] >= 1


async def test_what_a_text_telephone_types_is_kept(tmp_path: Path) -> None:
    party = TextTelephone(delay_s=0.2, ring_s=0.2, text="HELLO JAMES GA", rest_s=2)
    async with house(tmp_path, {ALEX.contact: party}, seconds=14) as site:
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        record = await site.ended(site.board, since)
        whole = site.store.call(record.id)
        typed = "".join(part.text for part in whole.typed if part.side == "called_party")
        assert "HELLO JAMES GA" in typed, typed
        assert [sign.sign for sign in whole.signs if sign.sign == "tty"]
        await on_hook(site, site.board)
        assert_in_order(site)


async def test_a_third_party_ends_the_call_where_the_profile_says_so(tmp_path: Path) -> None:
    party = ThreeWay(delay_s=0.2, ring_s=0.2, before_s=12, hold_s=4)
    async with house(tmp_path, {ALEX.contact: party}, seconds=60, rules=CUT) as site:
        since = await ring_home(site, site.board)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by) == ("third_party", "detector")
        assert 10 < record.talk_seconds < 45
        signs = {sign.sign for sign in site.store.call(record.id).signs}
        assert {"ringback", "three_way"} <= signs
        await until(lambda: not site.board.relay_closed, "the handset is muted")
        await on_hook(site, site.board)
        assert_in_order(site)
