"""What must hold in the demonstration; every failure is a sentence."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.custody import Verified
from demo.scenario import MadeCall

LEAST_CORRELATION = 0.9
MOST_LEAK = 0.25  # of two unrelated voices over a second's windows; the same voice through the channel gives 0.95
LEAST_WARNING = 0.5  # of a prompt over a ducked talk
CUT_S = 0.25  # safety property P3


def failures(accepted: MadeCall, refused: MadeCall, recording: Path, verified: Verified) -> list[str]:
    """Empty when the demonstration did what it shows."""
    checks = [
        (accepted.record.outcome == "completed", f"the first call is {accepted.record.outcome}, not completed"),
        (accepted.record.ended_by == "clock", f"the first call was ended by {accepted.record.ended_by}, not the clock"),
        (accepted.record.talk_seconds == accepted.record.limit_seconds, "the talk was not the whole grant"),
        (accepted.record.charged_micros == _owed(accepted), "the charge is not rate times talk, rounded down"),
        (recording.is_file() and recording.stat().st_size > 44, "there is no recording"),
        (verified["whole"], f"the recording does not verify: {verified['faults'] or verified['missing']}"),
        (abs(verified["seconds"] - accepted.record.talk_seconds) < 1, f"{verified['seconds']} s of the talk were recorded"),
        _heard("the called party", accepted.called_party_heard.correlation),
        _heard("the caller", accepted.caller_heard.correlation),
        *(_warned(accepted, who) for who in ("caller", "called party")),
        (_cut_in_time(accepted), f"the relay did not open within {CUT_S * 1000:.0f} ms of the grant's end"),
        (refused.record.outcome == "refused", f"the second call is {refused.record.outcome}, not refused"),
        (refused.record.ended_by == "called_party", f"the second call was ended by {refused.record.ended_by}"),
        (refused.record.charged_micros == 0, "the refused call was charged"),
        (refused.record.recording is None, "the refused call was recorded"),
        *_apart("the called party", refused.called_party_heard.correlation, refused.far.heard.pcm),
        *_apart("the caller", refused.caller_heard.correlation, refused.heard),
    ]
    return [text for holds, text in checks if not holds]


def _owed(call: MadeCall) -> int:
    return call.record.rate_micros_per_minute * call.record.talk_seconds // 60


def _heard(who: str, correlation: float) -> tuple[bool, str]:
    return correlation >= LEAST_CORRELATION, f"{who} heard the other at correlation {correlation:.2f}, not {LEAST_CORRELATION}"


def _warned(call: MadeCall, who: str) -> tuple[bool, str]:
    heard = call.warnings[who].correlation
    return heard >= LEAST_WARNING, f"the {who} did not hear the warning before the end ({heard:.2f})"


def _apart(who: str, leak: float, received: NDArray[np.int16]) -> list[tuple[bool, str]]:
    """Before acceptance: prompts and ringback arrive, nothing of the other's voice does."""
    return [
        (bool(np.any(received)), f"{who} of the refused call received no sound at all"),
        (leak < MOST_LEAK, f"{who} of the refused call heard the other before acceptance ({leak:.2f})"),
    ]


def _cut_in_time(call: MadeCall) -> bool:
    assert call.talk is not None
    moves = [at for at, closed in call.board.relay_log if not closed and at > call.talk[0]]
    return bool(moves) and moves[0] <= call.talk[1] + CUT_S
