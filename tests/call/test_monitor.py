"""Staff at a talk that is on: they hear both within a moment, are heard by both when they speak, and end it at once."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.site import FACILITY, Site
from kinline.live.client import Connection, LiveError
from kinline.live.protocol import RATE, Acting
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import (
    ALEX,
    accepted,
    ask,
    assert_in_order,
    between,
    ear,
    house,
    on_hook,
    ring_home,
    until,
    voice,
)

pytestmark = pytest.mark.vm

WORDS = voice(60, 9)
STAFF = voice(3, 31)
AT_ONCE = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
INVESTIGATOR = Acting(name="ivy", roles=["investigator"])


def channels(sound: bytes) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Caller and called party, at 8 kHz."""
    both = np.frombuffer(sound, "<i2").reshape(-1, 2)
    return to_8k(both[:, 0]).astype(np.int16), to_8k(both[:, 1]).astype(np.int16)


async def talking(site: Site) -> tuple[int, float]:
    """A talk that is on: where its log begins, and when it was accepted."""
    site.board.speak(WORDS)
    since = await ring_home(site, site.board)
    return since, await accepted(site, site.board, since)


def hear(site: Site, seconds: float, do: str = "listen", say: NDArray[np.int16] | None = None) -> bytes:
    """What staff hear in so many seconds of sound, while they say something or nothing."""
    heard = b""
    with Connection(site.data / "live.sock", do, "wall-1", acting=INVESTIGATOR) as connection:  # type: ignore[arg-type]
        for piece in connection.sound():
            if say is not None and len(say):
                connection.say(say[: RATE // 5].tobytes())
                say = say[RATE // 5 :]
            heard += piece
            if len(heard) >= seconds * RATE * 4:
                break
    return heard


async def test_staff_listen_speak_and_cut(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=40) as site:
        since, began = await talking(site)
        await until(lambda: time.monotonic() > began + 1, "a second of talk")

        # Listening
        heard = await asyncio.to_thread(hear, site, 2.0)
        caller, called = channels(heard)
        assert correlate(caller, to_8k(WORDS), 8000).correlation > 0.8
        listened_until = time.monotonic()

        # Speaking: both hear it over the talk, after they were told who does
        announced = time.monotonic()
        await asyncio.to_thread(hear, site, 9.0, "barge", STAFF)
        spoken = time.monotonic()
        said = to_8k(STAFF)
        assert correlate(said, between(ear(site.board), announced, spoken), 8000).correlation > 0.3
        notice = to_8k(read_wav(Prompter(site.data / "prompts").wav("barge", "en")))
        assert correlate(notice, between(ear(site.board), announced, spoken), 8000).correlation > 0.5

        # Cutting
        relay = len(site.board.relay_log)
        stopped = time.monotonic()
        with Connection(site.data / "live.sock", "cut", "wall-1", acting=INVESTIGATOR, reason="threats") as connection:
            assert connection.reply.call
        answered = time.monotonic()
        record = await site.ended(site.board, since)
        assert (record.outcome, record.ended_by) == ("completed", "staff")
        await until(lambda: any(not closed for _, closed in site.board.relay_log[relay:]), "the relay opens")
        opened = next(at for at, closed in site.board.relay_log[relay:] if not closed)
        far = await site.far_end_of(ALEX.contact)
        assert correlate(called, between(far.sent, began, listened_until), 8000).correlation > 0.7
        assert correlate(said, between(far.heard, announced, spoken), 8000).correlation > 0.3
        silent = between(far.heard, opened + 0.25, opened + 30)
        assert not np.any(silent) or correlate(silent, to_8k(WORDS), 8000).correlation < 0.3
        print(f"cut: answered after {answered - stopped:.3f} s, relay open after {opened - stopped:.3f} s")

        deeds = ask(site, "select actor, action, subject, details from audit where action like 'monitor.%' order by id")
        assert [deed[:3] for deed in deeds] == [
            ("ivy", f"monitor.{what}", f"call {record.id}") for what in ("listen", "barge", "cut")
        ]
        assert json.loads(deeds[2][3]) == {"handset": "wall-1", "reason": "threats"}
        await on_hook(site, site.board)
        assert_in_order(site)


async def test_what_the_rules_leave_unmonitored_nobody_hears(tmp_path: Path) -> None:
    rules = '[recording]\nrecorded = true\nmonitored = false\nsource = "tests"\neffective = 2026-01-01\n'
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=20, rules=rules) as site:
        with pytest.raises(LiveError, match="there is no call at wall-1 now"):
            await asyncio.to_thread(hear, site, 1.0)
        await talking(site)
        for who in (INVESTIGATOR, Acting(name="root", roles=[], local=True)):
            for do in ("listen", "barge"):
                with pytest.raises(LiveError, match="is not monitored: the rules leave nobody a place"):
                    Connection(site.data / "live.sock", do, "wall-1", acting=who)  # type: ignore[arg-type]
        with Connection(site.data / "live.sock", "calls", acting=INVESTIGATOR) as connection:
            assert [(line.handset, line.monitored) for line in connection.reply.calls or []] == [("wall-1", False)]
        await on_hook(site, site.board)
        assert ask(site, "select count(*) from audit where action like 'monitor.%'") == [(0,)]


async def test_who_may_not_is_told_and_audited(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: AT_ONCE}, seconds=120) as site:
        socket = site.data / "live.sock"
        await talking(site)
        for acting, do in (
            (Acting(name="cleo", roles=["counselor"]), "listen"),
            (Acting(name="sam", roles=["supervisor"]), "barge"),
            (Acting(name="tess", roles=["technician"]), "cut"),
            (Acting(name="ada", roles=["warden"]), "calls"),
        ):
            with pytest.raises(LiveError, match=f"monitor {do} is for"):
                Connection(socket, do, "wall-1", acting=acting)  # type: ignore[arg-type]
        with pytest.raises(LiveError, match="serves no such handset"):
            Connection(socket, "cut", "wall-1", acting=INVESTIGATOR.model_copy(update={"facility": "south"}))
        with pytest.raises(LiveError, match="serves no such handset"):
            Connection(socket, "cut", "wall-9", acting=INVESTIGATOR)
        with pytest.raises(LiveError, match="token is wrong"):
            Connection(socket, "listen", "wall-1", token="kl_nobody")
        refusals = ask(site, "select actor, subject from audit where action = 'refused' order by id")
        assert refusals[:4] == [
            ("cleo", "monitor.listen"),
            ("sam", "monitor.barge"),
            ("tess", "monitor.cut"),
            ("ada", "monitor.calls"),
        ]
        until_tomorrow = datetime.now(UTC) + timedelta(days=1)
        token = site.store.add_staff("ivy", ["investigator"], FACILITY, until_tomorrow, "tests", datetime.now(UTC)).text()
        with Connection(socket, "listen", "wall-1", token=token) as connection:
            assert next(connection.sound())
        site.store.add_unit(FACILITY, "B2")
        uma = site.store.add_staff("uma", ["investigator"], FACILITY, until_tomorrow, "tests", datetime.now(UTC), "B2").text()
        for do in ("calls", "listen", "cut"):
            with pytest.raises(LiveError, match="works in unit B2 only"):
                Connection(socket, do, "wall-1", token=uma)  # type: ignore[arg-type]
        site.store.change_handset("wall-1", unit="B2")
        with Connection(socket, "listen", "wall-1", token=uma) as connection:
            assert next(connection.sound())
        await garbage(socket)
        assert site.board.relay_log[-1][1], "the talk went on through all of it"
        await on_hook(site, site.board)


async def garbage(path: Path) -> None:
    """Requests that are none: each gets one line that says so, and the socket lives on."""
    for sent in (b"\n", b"{}\n", b"\xff" * 9000, b'{"do":"shout"}\n', b'{"do":"calls","sudo":1}\n'):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(sent)
        writer.write_eof()
        answer = json.loads(await reader.readline())
        assert answer["ok"] is False and "the request cannot be read" in answer["error"]
        writer.close()
