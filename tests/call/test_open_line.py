"""Safety property P9 as a whole call: an anonymous line without a PIN, and what is left of it afterwards: nothing."""

import json
import time
from pathlib import Path

import pytest

from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept, Busy
from tests.call.house import ALEX, ask, between, ear, enter, house, on_hook, told, until, usable, voice

pytestmark = pytest.mark.vm

OMBUDSMAN = "+12025550180"
LINE = f"""
[[named_numbers]]
number = "{OMBUDSMAN}"
label = "the ombudsman"
class = "anonymous"
dial = "77"
without_pin = true
any_time = true
say_monitoring = true
source = "tests"
effective = 2026-01-01
"""
WORDS = voice(60, 5)
LIMIT_S = 6


async def test_an_anonymous_call_leaves_nothing_behind(tmp_path: Path) -> None:
    party = Accept(delay_s=0.1, ring_s=0.1)
    async with house(tmp_path, {OMBUDSMAN: party}, seconds=LIMIT_S, rules=LINE) as site:
        board = site.board
        audited = ask(site, "select count(*) from audit")
        since, lifted = len(site.daemon.lines), time.monotonic()
        await board.lift()
        await site.phase(board, "pin", since)
        await enter(board, "0#")
        await site.phase(board, "line", since)
        board.speak(WORDS)
        await enter(board, "77#")
        # Nothing tells of the call from here on, so the only way to know of it is the called party's.
        far = await site.far_end_of(OMBUDSMAN)
        heard = ear(board)
        await until(lambda: ask(site, "select 1 from call where ended_at is not null"), "the record is closed")
        await on_hook(site, board)

        accepted = far.digits_sent[-1][0] / 1e9
        talk = between(far.heard, accepted + 1.5, accepted + LIMIT_S - 0.5)
        assert correlate(talk, to_8k(WORDS), 8000).correlation > 0.8
        assert ALEX.name not in far.display and ALEX.number not in far.from_uri
        notice = to_8k(read_wav(Prompter(site.data / "prompts").wav("kept_private", "en")))
        told_before = between(heard, lifted, far.arrived_ns / 1e9)
        assert correlate(notice, told_before, 8000).correlation > 0.85, "the caller did not hear that nobody listens"

        who = ask(site, "select inmate_id, handset_id, number, number_class, caller_id from call")
        assert who == [(None, None, "", "anonymous", None)]
        how = ask(site, "select recorded, monitored, recording, outcome, charged_micros from call")
        assert how == [(0, 0, None, "completed", 0)]
        assert all(str(at).endswith("00:00:00.000000") for (at,) in ask(site, "select started_at from call"))
        assert ask(site, "select count(*) from audit") == audited
        assert list((site.data / "recordings").iterdir()) == []
        await usable(site, board)
        assert await site.daemon.stop() == 0

        said = [json.dumps(line) for line in site.daemon.lines[since:]]
        assert not [line for line in said if OMBUDSMAN.removeprefix("+1") in line or '"inmate"' in line]
        ((record,),) = ask(site, "select id from call")
        assert not [line for line in said if str(record) in line], "the log ties the record to a telephone"
        phases = [line["phase"] for line in site.daemon.lines[since:] if line["event"] == "visit"]
        assert "inviting" not in phases and "talk" not in phases
        for file in site.data.glob("kinline.db*"):
            assert OMBUDSMAN.removeprefix("+1").encode() not in file.read_bytes(), f"{file.name} holds the number"


async def test_a_social_call_in_the_same_visit_is_told_and_kept(tmp_path: Path) -> None:
    """The measure: what must be absent after an anonymous call is there after another, even one that follows it."""
    parties = {OMBUDSMAN: Busy(), ALEX.contact: Accept(delay_s=0.1, ring_s=0.1)}
    async with house(tmp_path, parties, seconds=2, rules=LINE) as site:
        since = len(site.daemon.lines)
        await site.board.lift()
        await site.phase(site.board, "pin", since)
        await enter(site.board, f"{ALEX.pin}#")
        await site.phase(site.board, "number", since)
        await enter(site.board, "77#")
        await until(lambda: ask(site, "select 1 from call where ended_at is not null"), "the line was busy")
        assert ask(site, "select inmate_id, handset_id, outcome from call") == [(None, None, "busy")]
        await enter(site.board, f"{ALEX.contact.removeprefix('+1')}#")
        record = await site.ended(site.board, since)
        assert (record.number, record.handset, record.inmate) == (ALEX.contact, site.board.device, ALEX.number)
        assert (await told(site, "call begun", since))["number"] == ALEX.contact
        assert [path.name for path in (site.data / "recordings").iterdir()] == [f"{record.id}.klr"]
        await on_hook(site, site.board)
