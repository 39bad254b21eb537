"""What is heard on the line, as whole calls: a machine ends the menu, a third party the talk, and typed text is kept."""

from pathlib import Path

import pytest

from demo.site import Site
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_engine import tty
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import TextTelephone, ThreeWay, Voicemail
from kinline_sim.rtp import Take
from tests.call.house import (
    ALEX,
    accepted,
    assert_in_order,
    between,
    ear,
    enter,
    house,
    on_hook,
    ring_home,
    seen,
    stopped,
    until,
)
from tests.store.backends import Postgresql

pytestmark = pytest.mark.vm

TYPIST = TextTelephone(delay_s=0.2, ring_s=0.2, text="HELLO JAMES GA", rest_s=2)
JOINED = ThreeWay(delay_s=0.2, ring_s=0.2, before_s=12, hold_s=4)


def on_sign(choice: str) -> str:
    """What a profile lets follow a third party."""
    return f"""\
[third_party]
on_sign = "{choice}"
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


async def typed_call(site: Site) -> None:
    """What the text telephone typed in a call is with its record, and the sign that there is one."""
    since = await ring_home(site, site.board)
    await accepted(site, site.board, since)
    record = await site.ended(site.board, since)
    whole = site.store.call(record.id)
    typed = "".join(part.text for part in whole.typed if part.side == "called_party")
    assert "HELLO JAMES GA" in typed, typed
    assert [sign.sign for sign in whole.signs if sign.sign == "tty"]
    await on_hook(site, site.board)


async def test_what_a_text_telephone_types_is_kept(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: TYPIST}, seconds=14) as site:
        await typed_call(site)
        assert_in_order(site)


async def test_what_a_text_telephone_types_is_kept_on_postgresql(tmp_path: Path, postgresql: Postgresql) -> None:
    async with house(tmp_path, {ALEX.contact: TYPIST}, seconds=14, database=postgresql.bare()) as site:
        await typed_call(site)
        assert site.store.trial_balance() == 0 and not (site.data / "kinline.db").exists()


async def test_of_a_third_party_both_are_warned_where_the_profile_says_so(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: JOINED}, seconds=34, rules=on_sign("warn")) as site:
        since = await ring_home(site, site.board)
        began = await accepted(site, site.board, since)
        await seen(site, site.board, "sign", since, sign="three_way")
        record = await site.ended(site.board, since)
        assert (record.outcome, record.talk_seconds) == ("completed", 34), "a warning ends nothing"
        warning = to_8k(read_wav(Prompter(site.data / "prompts").wav("third_party_warning", "en")))
        far = await site.far_end_of(ALEX.contact)
        for heard in (ear(site.board), far.heard):
            assert correlate(warning, between(heard, began + 10, began + 34), 8000).correlation > 0.6
        await on_hook(site, site.board)
        assert_in_order(site)


async def test_a_third_party_ends_the_call_and_blocks_the_number_where_the_profile_says_so(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: JOINED}, seconds=60, rules=on_sign("block")) as site:
        since = await ring_home(site, site.board)
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by) == ("third_party", "detector")
        assert 10 < record.talk_seconds < 45
        signs = {sign.sign for sign in site.store.call(record.id).signs}
        assert {"ringback", "three_way"} <= signs
        await until(lambda: not site.board.relay_closed, "the handset is muted")
        await on_hook(site, site.board)
        since = len(site.daemon.lines)
        await site.board.lift()
        await site.phase(site.board, "pin", since)
        await enter(site.board, f"{ALEX.pin}#")
        await site.phase(site.board, "number", since)
        await enter(site.board, f"{ALEX.contact.removeprefix('+1')}#")
        assert (await seen(site, site.board, "call denied", since))["rule"] == "blocked_by_facility"
        await on_hook(site, site.board)
        assert_in_order(site)


WARNED = """\
[announcements]
warning_seconds = [8]
origin_every_seconds = 300
source = "tests"
effective = 2026-01-02
"""


def read(take: Take, start: float, end: float) -> str:
    """What a text telephone prints of a span of the monotonic clock."""
    pcm = between(take, start, end)
    return tty.Receiver().hear(pcm[: len(pcm) // tty.BLOCK * tty.BLOCK].tobytes())


async def test_who_answers_by_typing_is_typed_to(tmp_path: Path) -> None:
    """The menu, where the call comes from, the warning and the end: on the called party's text telephone, as text."""
    party = TextTelephone(delay_s=12, ring_s=0.2, hello="HELLO GA", text="HELLO JAMES GA", rest_s=6)
    async with house(tmp_path, {ALEX.contact: party}, seconds=20, said=WARNED) as site:
        since = await ring_home(site, site.board)
        began = await accepted(site, site.board, since)
        record = await site.ended(site.board, since)
        assert record.outcome == "completed" and record.talk_seconds == 20
        far = await site.far_end_of(ALEX.contact)
        before, after = read(far.heard, began - 15, began), read(far.heard, began, began + 40)
        assert "CALL FROM ALEX EXAMPLE AT CEDAR CREEK" in before, before
        assert "THIS CALL COMES FROM CEDAR CREEK CORRECTIONAL CENTER" in after, after
        assert "EIGHT SECONDS LEFT" in after and "YOUR TIME IS OVER" in after, after
        kept = [(part.side, part.text) for part in site.store.call(record.id).typed]
        assert {side for side, _ in kept} == {"called_party"} and "CEDAR" not in str(kept), "what we typed is nobody's"
        await on_hook(site, site.board)
        assert_in_order(site)
