"""The caller's own voice says the name: taken once at the handset, heard by the called party, and forgotten when staff say so."""

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.site import FACILITY, Site
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Refuse
from tests.call.house import ALEX, ask, assert_in_order, between, ear, enter, house, on_hook, seen, stopped, until, voice

pytestmark = pytest.mark.vm

NAME = voice(1.2, 41)
BABBLE = voice(60, 42)


async def to_the_pin(site: Site) -> int:
    """Lift and give the PIN. Returns where the log of this visit begins."""
    since = len(site.daemon.lines)
    await site.board.lift()
    await site.phase(site.board, "pin", since)
    await enter(site.board, f"{ALEX.pin}#")
    return since


async def name_asked(site: Site, since: int) -> None:
    await seen(site, site.board, "name asked", since)


def asked(site: Site, since: int) -> bool:
    return any(line["event"] == "name asked" for line in site.daemon.lines[since:])


def kept(site: Site) -> bytes | None:
    return site.store.name_sound(site.store.inmate(FACILITY, ALEX.number).id)


def likeness(sound: NDArray[np.int16], heard: NDArray[np.int16]) -> float:
    return correlate(sound, heard, 8000).correlation


async def test_a_name_is_said_once_and_the_called_party_hears_it(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Refuse(delay_s=5, ring_s=0.2)}, spoken_names=True) as site:
        board, began = site.board, time.monotonic()
        board.speak(BABBLE)  # before and after the question nobody listens
        since = await to_the_pin(site)
        await name_asked(site, since)
        board.speak(NAME)
        await site.phase(board, "number", since)
        board.speak(BABBLE)
        await until(lambda: kept(site), "the name is kept")
        sound = to_8k(np.frombuffer(kept(site) or b"", "<i2"))
        assert 1.0 < len(sound) / 8000 < 1.6
        assert likeness(to_8k(NAME), sound.astype(np.int16)) > 0.8 and likeness(sound, to_8k(BABBLE)) < 0.3
        await until(lambda: likeness(sound, between(ear(board), began, time.monotonic())) > 0.7, "the caller hears the name back")

        await enter(board, f"{ALEX.contact.removeprefix('+1')}#")
        record = await site.ended(board, since)
        assert record.outcome == "refused" and record.recording is None
        far = await site.far_end_of(ALEX.contact)
        assert likeness(sound, far.heard.pcm) > 0.7, "the called party heard the caller's own voice"
        assert likeness(to_8k(BABBLE[: 3 * 16_000]), far.heard.pcm) < 0.3, "and nothing else of it"
        assert not list((site.data / "recordings").glob("*")) if (site.data / "recordings").exists() else True
        raw = sound.astype(np.int16).tobytes()[4000:4400]
        assert all(raw not in file.read_bytes() for file in (site.data / "prompts").rglob("*.wav"))
        await on_hook(site, board)

        # The next time nobody is asked, until staff erase it.
        since = await to_the_pin(site)
        await site.phase(board, "number", since)
        assert not asked(site, since)
        await on_hook(site, board)
        site.store.erase_name(FACILITY, ALEX.number, "tests", actor="sue")
        since = await to_the_pin(site)
        await name_asked(site, since)
        board.speak(NAME)
        await until(lambda: board.relay_closed, "the microphone is live")
        await on_hook(site, board)  # in the middle of it: half a name is none
        assert kept(site) is None
        board.speak(np.zeros(16_000, np.int16))
        since = await to_the_pin(site)
        await name_asked(site, since)
        await site.phase(board, "number", since)  # who says nothing goes on
        await on_hook(site, board)
        assert kept(site) is None
        assert [row[0] for row in ask(site, "select action from audit where action like 'name.%' order by id")] == [
            "name.keep",
            "name.erase",
        ]
        assert_in_order(site)
        counted = await stopped(site)
        assert [counted[f"name_taken{{{how}}}"] for how in ("heard", "broken_off", "nothing")] == [1, 1, 1]
