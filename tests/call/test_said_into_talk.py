"""What is said into a talk, at both ears: where it comes from, at its beginning and throughout, and when it will end.

Measured, not only found: the words at their own level, the talk under them 12 dB lower, and neither lost.
"""

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.site import FACILITY_NAME, Site
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import to_8k
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, between, ear, on_hook, ring_home, until, voice

pytestmark = pytest.mark.vm

Sound = NDArray[np.float64]

LIMIT_S, EVERY_S, WARNING_S = 16, 6, 3
PROFILE = f"""\
extends = "demo"
title = "Much is said"
version = 1
[call_length]
seconds = {LIMIT_S}
source = "tests"
effective = 2026-01-01
[announcements]
warning_seconds = [{WARNING_S}]
origin_every_seconds = {EVERY_S}
source = "tests"
effective = 2026-01-01
"""
WORDS = voice(60, 41)
TAPS = 33  # what codec, resampler and a fraction of a sample may do to a sound
LATE_S = 1.5  # a busy machine renders its first prompt so late


def place(source: Sound, stretch: Sound) -> tuple[int, float]:
    """Where in the stretch the source begins, and how surely: the normalised correlation there."""
    size = 1 << (len(source) + len(stretch)).bit_length()
    dots = np.fft.irfft(np.fft.rfft(stretch, size) * np.conj(np.fft.rfft(source, size)), size)[: len(stretch) - len(source) + 1]
    energy = np.cumsum(np.concatenate([[0.0], stretch**2]))
    norms = np.sqrt(np.maximum(energy[len(source) :] - energy[: len(dots)], 1.0) * np.sum(source**2))
    at = int(np.argmax(np.abs(dots / norms)))
    return at, float(np.abs(dots[at] / norms[at]))


def shares(stretch: Sound, *sources: Sound) -> list[float]:
    """How loud each source is in the stretch, as the least-squares filter of each says: RMS."""
    columns = [np.concatenate([np.zeros(n), s[: len(stretch) - n]]) for s in sources for n in range(TAPS)]
    matrix = np.stack(columns, axis=1)
    weights = np.linalg.lstsq(matrix, stretch, rcond=None)[0]
    parts = [matrix[:, i * TAPS : (i + 1) * TAPS] @ weights[i * TAPS : (i + 1) * TAPS] for i in range(len(sources))]
    return [float(np.std(part)) for part in parts]


def spoken_here(talk: Sound, stretch: Sound) -> Sound:
    """The part of the talk that falls into the stretch, a few samples early so that the filter can be causal."""
    at, _ = place(stretch, talk)
    return talk[at + TAPS // 2 : at + TAPS // 2 + len(stretch)]


def judge(prompt: Sound, talk: Sound, heard: Sound, at: float) -> tuple[float, float, float]:
    """Of a prompt due at so many seconds of what was heard: its correlation, its level against its own, and how much
    lower the talk is under it than two seconds later (dB).
    """
    first = max(0, round((at - 0.3) * 8000))
    window = heard[first : first + round((LATE_S + 0.3) * 8000) + len(prompt)]
    start, certain = place(prompt, window)
    start += first
    under, after = heard[start : start + len(prompt)], heard[start + len(prompt) + 4000 : start + len(prompt) + 16_000]
    words = np.concatenate([prompt[TAPS // 2 :], np.zeros(TAPS // 2)])
    loud, low = shares(under, words, spoken_here(talk, under))
    (alone,) = shares(after, spoken_here(talk, after))
    return certain, 20 * np.log10(loud / np.std(prompt)), 20 * np.log10(low / alone)


async def test_both_hear_where_it_comes_from_and_when_it_ends_over_their_talk(tmp_path: Path) -> None:
    party = Accept(delay_s=0.1, ring_s=0.1, speech_s=60)
    site = Site(
        tmp_path, {ALEX.contact: party}, profile="said", profiles={"said": PROFILE}, calls="language_choice = false"
    )
    async with site:
        board = site.board
        board.speak(WORDS)
        since = await ring_home(site, board)
        began = await accepted(site, board, since)
        record = await site.ended(board, since)
        assert record.talk_seconds == LIMIT_S
        far = await site.far_end_of(ALEX.contact)
        await until(lambda: time.monotonic() > began + LIMIT_S + 0.5, "the last of it is at the ear")
        ears = {
            "caller": (np.asarray(between(ear(board), began, began + LIMIT_S), float), np.asarray(far.sent.pcm, float)),
            "called party": (np.asarray(between(far.heard, began, began + LIMIT_S), float), to_8k(WORDS)),
        }
        prompter = Prompter(site.data / "prompts")
        origin = to_8k(read_wav(prompter.wav("call_origin", "en", facility=FACILITY_NAME)))
        warning = to_8k(read_wav(prompter.wav("warning", "en", seconds=WARNING_S)))
        for who, (heard, talk) in ears.items():
            for what, prompt, at in (
                ("origin at the start", origin, 0),
                ("origin throughout", origin, EVERY_S),
                ("origin throughout", origin, 2 * EVERY_S),
                ("warning", warning, LIMIT_S - WARNING_S),
            ):
                if what == "warning" or at == 2 * EVERY_S:  # too near to the end to have talk alone behind it
                    first = max(0, round((at - 0.3) * 8000))
                    _, certain = place(prompt, heard[first : first + round((LATE_S + 0.3) * 8000) + len(prompt)])
                    assert certain > 0.7, f"{who} did not hear the {what} ({certain:.2f})"
                    continue
                certain, level, ducked = judge(prompt, talk, heard, at)
                print(f"{who}: {what}: {certain:.2f}, words {level:+.1f} dB, talk under them {ducked:+.1f} dB")
                assert certain > 0.7, f"{who} did not hear the {what} ({certain:.2f})"
                assert abs(level) < 2 and ducked == pytest.approx(-12, abs=2), f"{who}: {what}"
        await on_hook(site, board)
        assert_in_order(site)
