"""The caller is known by the voice that was kept, or is not; a program of the site's compares, in a process of its own."""

import sys
from pathlib import Path

import pytest

from demo.site import FACILITY, Site
from kinline_sim.parties import Refuse
from tests.call.house import ALEX, enter, house, on_hook, seen, stopped, until, voice

pytestmark = pytest.mark.vm

OWN, STRANGERS = voice(1.2, 41), voice(1.2, 43)
TRIES = 2
RULES = f"""
[voice_check]
tries = {TRIES}
source = "tests"
effective = 2026-01-01
"""
# Good enough to tell two seeds of noise apart: whether one is found in the other.
COMPARES = """\
import sys, wave
import numpy as np
def sound(path):
    with wave.open(path) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), np.int16).astype(float)
kept, said = map(sound, sys.argv[1:])
size = len(kept) + len(said)
found = np.abs(np.fft.irfft(np.fft.rfft(kept, size) * np.conj(np.fft.rfft(said, size)))).max()
sys.exit(0 if found > 0.5 * np.sqrt((kept**2).sum() * (said**2).sum()) else 1)
"""


async def visit(site: Site) -> int:
    """Lift and give the PIN, again where a starved machine read a finger's bounce as a key of its own."""
    since = tried = len(site.daemon.lines)
    await site.board.lift()
    while True:
        await site.phase(site.board, "pin", tried)
        await enter(site.board, f"{ALEX.pin}#")
        checking = await seen(site, site.board, "visit", tried, phase="checking")
        tried = site.daemon.lines.index(checking) + 1
        if (await site.daemon.logged(lambda line: line["event"] == "visit", tried))["phase"] != "pin":
            return since


async def says(site: Site, sound: object, since: int) -> None:
    """Speak as soon as the microphone is live for the name."""
    await seen(site, site.board, "name asked", since)
    site.board.speak(sound)  # type: ignore[arg-type]


async def test_a_stranger_with_the_pin_gets_no_further(tmp_path: Path) -> None:
    program = tmp_path / "compare.py"
    program.write_text(COMPARES)
    calls = f'[voice_check]\nprogram = ["{sys.executable}", "{program}"]\nseconds = 20'
    site = house(tmp_path / "site", {ALEX.contact: Refuse(ring_s=0.2)}, rules=RULES, calls=calls)
    async with site:
        inmate = site.store.inmate(FACILITY, ALEX.number).id
        since = await visit(site)  # the first voice is kept, and compared with nothing
        await says(site, OWN, since)
        await site.phase(site.board, "number", since)
        await until(lambda: site.store.name_sound(inmate), "the voice is kept")
        await on_hook(site, site.board)

        since = await visit(site)  # the same voice
        await says(site, OWN, since)
        assert (await seen(site, site.board, "voice checked", since))["same"] is True
        await site.phase(site.board, "number", since)
        await on_hook(site, site.board)

        since = await visit(site)  # a stranger who knows the PIN
        for _ in range(TRIES):
            await says(site, STRANGERS, since)
            checked = await seen(site, site.board, "voice checked", since)
            assert checked["same"] is False
            since = site.daemon.lines.index(checked) + 1
        await site.phase(site.board, "over", since)
        await on_hook(site, site.board)
        assert site.calls() == [], "it came to an attempt"

        site.store.change_inmate(FACILITY, ALEX.number, voice_exempt=True)  # who cannot speak is not asked
        since = await visit(site)
        await site.phase(site.board, "number", since)
        await on_hook(site, site.board)

        counted = await stopped(site)
        assert (counted["voice_checked{same}"], counted["voice_checked{another}"]) == (1, TRIES)
        assert not [path for path in site.data.rglob("*.wav") if "prompts" not in path.parts], "a voice lies on the disk"
