"""`kinline monitor` as staff use it: the command's own words and exit codes, with a daemon and a talk that are real."""

import asyncio
import json
import sys
import time
import wave
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from demo.site import FACILITY, Site
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from kinline_sim.speech import write_wav
from tests.call.house import ALEX, accepted, ask, assert_in_order, between, ear, house, on_hook, ring_home, until, voice

pytestmark = pytest.mark.vm

WORDS, STAFF = voice(60, 9), voice(2, 31)
AT_ONCE = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


async def kinline(site: Site, *words: str, acting: str | None = None) -> Said:
    """The command, as a program of its own beside the daemon."""
    program = Path(sys.executable).with_name("kinline")
    whole = [*words, "--config", str(site.folder / "kinline.toml"), *(["--as", acting] if acting else [])]
    process = await asyncio.create_subprocess_exec(
        program, *whole, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


def hire(site: Site) -> None:
    until_tomorrow = datetime.now(UTC) + timedelta(days=1)
    for name, role in (("ivy", "investigator"), ("sam", "supervisor"), ("cleo", "counselor")):
        site.store.add_staff(name, [role], FACILITY, until_tomorrow, "tests", datetime.now(UTC))


async def test_staff_list_hear_speak_into_and_cut_a_talk(tmp_path: Path) -> None:
    async with house(tmp_path / "site", {ALEX.contact: AT_ONCE}, seconds=120) as site:
        hire(site)
        nothing = await kinline(site, "monitor", "calls")
        assert (nothing.code, nothing.out) == (0, "No call is on.\n")
        early = await kinline(site, "monitor", "listen", "wall-1", "--out", "-", acting="ivy")
        assert early.code == 2 and "there is no call at wall-1 now" in early.err and not early.out

        site.board.speak(WORDS)
        since = await ring_home(site, site.board)
        began = await accepted(site, site.board, since)
        listed = await kinline(site, "monitor", "calls", "--json", acting="sam")
        (line,) = json.loads(listed.out)
        assert (line["handset"], line["phase"], line["monitored"]) == ("wall-1", "talk", True)

        # Who may do what
        for who, *deed in (
            ("cleo", "listen", "wall-1", "--out", "-"),
            ("sam", "listen", "wall-1", "--out", "-"),
            ("cleo", "cut", "wall-1", "--reason", "threats"),
        ):
            refused = await kinline(site, "monitor", *deed, acting=who)
            assert refused.code == 2 and f"monitor {deed[0]} is for" in refused.err and not refused.out, refused
        unknown = await kinline(site, "monitor", "cut", "wall-9", "--reason", "threats", acting="sam")
        assert unknown.code == 2 and "serves no such handset" in unknown.err

        # Hearing
        heard = tmp_path / "heard.wav"
        listened = await kinline(site, "monitor", "listen", "wall-1", "--seconds", "2", "--out", str(heard), acting="ivy")
        listened_until = time.monotonic()
        assert listened.code == 0, listened.err
        with wave.open(str(heard), "rb") as wav:
            assert (wav.getnchannels(), wav.getframerate(), wav.getnframes()) == (2, 16_000, 32_000)
            both = np.frombuffer(wav.readframes(32_000), "<i2").reshape(-1, 2)
        assert correlate(to_8k(both[:, 0]), to_8k(WORDS), 8000).correlation > 0.8

        # Speaking
        write_wav(tmp_path / "say.wav", to_8k(STAFF).astype(np.int16))
        before = time.monotonic()
        spoke = await kinline(site, "monitor", "barge", "wall-1", "--say", str(tmp_path / "say.wav"), acting="ivy")
        after = time.monotonic()
        assert spoke.code == 0 and "Said 2.0 s to both parties of call" in spoke.err
        assert correlate(to_8k(STAFF), between(ear(site.board), before, after), 8000).correlation > 0.3

        # Cutting, by a supervisor
        cut = await kinline(site, "monitor", "cut", "wall-1", "--reason", "threats", acting="sam")
        record = await site.ended(site.board, since)
        assert (cut.code, cut.out) == (0, f"Call {record.id} at wall-1 is cut.\n")
        assert (record.outcome, record.ended_by) == ("completed", "staff")
        await until(lambda: not site.board.relay_closed, "the handset is muted")
        far = await site.far_end_of(ALEX.contact)
        assert correlate(to_8k(STAFF), between(far.heard, before, after), 8000).correlation > 0.3
        assert correlate(to_8k(both[:, 1]), between(far.sent, began, listened_until), 8000).correlation > 0.7
        gone = await kinline(site, "monitor", "cut", "wall-1", "--reason", "threats", acting="sam")
        assert gone.code == 2 and "there is no call at wall-1 now" in gone.err
        deeds = [row[:2] for row in ask(site, "select actor, action from audit where action like 'monitor.%' order by id")]
        assert [deed for _, deed in deeds] == ["monitor.listen", "monitor.barge", "monitor.cut"]
        assert all(who in actor for who, (actor, _) in zip(("ivy", "ivy", "sam"), deeds, strict=True))
        await on_hook(site, site.board)
        assert_in_order(site)

    gone = await kinline(site, "monitor", "calls")
    assert gone.code == 2 and "the daemon does not answer" in gone.err and "is it running?" in gone.err


async def test_a_privileged_call_is_cut_by_the_command_but_never_heard(tmp_path: Path) -> None:
    async with house(tmp_path / "site", {ALEX.contact: AT_ONCE}, seconds=60) as site:
        hire(site)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        site.store.arrange_counsel(FACILITY, ALEX.number, ALEX.contact, "L. Example", "file 11", datetime.now(UTC), tomorrow)
        since = await ring_home(site, site.board)
        await accepted(site, site.board, since)
        say = tmp_path / "say.wav"
        write_wav(say, to_8k(STAFF).astype(np.int16))
        for words in (("listen", "wall-1", "--out", "-"), ("barge", "wall-1", "--say", str(say))):
            for who in ("ivy", None):  # the host's own command line has no more rights to it than an investigator
                refused = await kinline(site, "monitor", *words, acting=who)
                assert refused.code == 2 and "is not monitored: the rules leave nobody a place" in refused.err, refused
                assert not refused.out
        cut = await kinline(site, "monitor", "cut", "wall-1", "--reason", "alarm", acting="sam")
        assert cut.code == 0
        assert (await site.ended(site.board, since)).ended_by == "staff"
        await on_hook(site, site.board)
