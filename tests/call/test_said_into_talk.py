"""What is said into a talk, at both ears: where it comes from, at its beginning and throughout, and twice that it will end.

How much lower the talk is meanwhile is measured on the engine alone (tests/engine/test_talk.py): a busy machine's jitter
buffers move what is to be compared there sample by sample.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo.site import FACILITY_NAME
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import correlate, to_8k
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, house, on_hook, ring_home, voice

pytestmark = pytest.mark.vm

LIMIT_S, EVERY_S, WARNINGS_S = 20, 7, (9, 3)
SAID = f"""\
[announcements]
warning_seconds = {list(WARNINGS_S)}
origin_every_seconds = {EVERY_S}
source = "tests"
effective = 2026-01-02
"""
LATE_S = 1.5  # a busy machine renders its first prompt so late
WORDS = voice(60, 41) // 3  # quieter than the prompts, so that these are found among them


async def test_both_hear_where_it_comes_from_and_when_it_ends_over_their_talk(tmp_path: Path) -> None:
    party = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
    async with house(tmp_path, {ALEX.contact: party}, seconds=LIMIT_S, said=SAID) as site:
        site.board.speak(WORDS)
        since = await ring_home(site, site.board)
        began = await accepted(site, site.board, since)
        record = await site.ended(site.board, since)
        assert record.talk_seconds == LIMIT_S
        far = await site.far_end_of(ALEX.contact)
        prompter = Prompter(site.data / "prompts")
        origin = to_8k(read_wav(prompter.wav("call_origin", "en", facility=FACILITY_NAME)))
        due = [("where it comes from", origin, at) for at in (0, EVERY_S, 2 * EVERY_S)]
        for seconds in WARNINGS_S:
            warning = to_8k(read_wav(prompter.wav("warning", "en", seconds=seconds)))
            due.append((f"{seconds} seconds left", warning, LIMIT_S - seconds))
        for who, heard in (("caller", ear(site.board)), ("called party", far.heard)):
            for what, prompt, at in due:
                window = between(heard, began + at - 0.3, began + at + LATE_S + len(prompt) / 8000)
                found = correlate(prompt, window, 8000).correlation
                print(f"{who}: {what} at {at} s: {found:.2f}")
                assert found > 0.6, f"the {who} did not hear {what} at {at} s ({found:.2f})"
        # The talk itself went on under it, and is alone between two of them.
        quiet = began + len(origin) / 8000 + LATE_S, began + EVERY_S - 0.5
        assert correlate(between(far.heard, *quiet), to_8k(WORDS), 8000).correlation > 0.8
        assert correlate(between(ear(site.board), *quiet), np.asarray(far.sent.pcm, float), 8000).correlation > 0.8
        await on_hook(site, site.board)
        assert_in_order(site)
