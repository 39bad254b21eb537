"""What passes between the parties, and what must not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kinline_engine.audio import Coder, codec_rate
from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, Codec, EngineError, FarEnd, Play, Side, Tone
from tests.engine.parties import FRAME8, FRAME16, Pcm, Stage, correlation, speech

NEAR = speech(3, 16000, seed=1)
FAR = speech(3, 8000, seed=2)
PROMPT = speech(1, 16000, seed=3)


def narrow(pcm: Pcm) -> Pcm:
    """16 kHz to 8 kHz; the test signals have nothing above 3 kHz."""
    return pcm[::2]


def test_open_gate_carries_both_directions(stage: Stage) -> None:
    stage.call.gate(True)
    near_heard, far_heard = stage.talk(NEAR, FAR)
    assert correlation(FAR, narrow(near_heard)) >= 0.95
    assert correlation(narrow(NEAR), far_heard) >= 0.95
    counters = stage.call.counters
    assert (counters.near_frames, counters.far.sent, counters.far.received) == (150, 150, 150)
    assert (counters.far.lost, counters.far.late, counters.gate) == (0, 0, True)


def test_closed_gate_carries_not_one_sample(stage: Stage) -> None:
    near_heard, far_heard = stage.talk(NEAR, FAR)
    assert not near_heard.any() and not far_heard.any()


def test_gate_closed_again_carries_nothing_more(stage: Stage) -> None:
    stage.call.gate(True)
    stage.talk(NEAR, FAR)
    stage.call.gate(False)
    near_heard, far_heard = stage.talk(NEAR, FAR)
    assert not near_heard.any() and not far_heard.any()


def test_nothing_said_before_the_gate_opens_comes_out_after(stage: Stage) -> None:
    stage.talk(NEAR, FAR)
    stage.call.gate(True)
    near_heard, far_heard = stage.silence(1)
    assert np.abs(near_heard).max() < 600 and correlation(FAR, near_heard[::2]) < 0.1  # comfort noise until packets come
    assert not far_heard.any()


@pytest.mark.parametrize("side", list(Side))
def test_prompt_is_heard_on_its_side_only(stage: Stage, side: Side) -> None:
    clip = stage.engine.load_clip(PROMPT.tobytes())
    stage.call.play(side, [clip, clip], token=7)
    near_heard, far_heard = stage.talk(NEAR, FAR)
    twice = np.concatenate([PROMPT, PROMPT])
    if side & Side.NEAR:
        assert np.array_equal(near_heard[: len(twice)], twice) and not near_heard[len(twice) :].any()
    else:
        assert not near_heard.any()
    if side & Side.FAR:
        assert correlation(narrow(twice), far_heard) >= 0.99
    else:
        assert not far_heard.any()
    assert stage.wait(Source.CALL, CallEvent.PLAYED).code == 7
    assert not [e for e in stage.drain() if e.kind == CallEvent.PLAYED]
    clip.free()


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA, Codec.G722], ids=lambda codec: codec.name)
def test_an_overlay_is_heard_over_the_talk_at_both_ears_and_the_talk_12_db_under_it(stage: Stage, codec: Codec) -> None:
    clip = stage.engine.load_clip(PROMPT.tobytes())
    end, ears, mouths = stage.far.end, Coder(), Coder()
    stage.call.set_far(FarEnd(end.ip, end.port, codec, int(codec)))
    stage.call.gate(True)
    near_heard, far_heard = [], []
    for i in range(250):  # 5 s of talk, the words over its third second
        if i == 100:
            stage.call.play(Side.BOTH, [clip], Play.OVERLAY)
        spoken = np.tile(FAR, 2)[i * FRAME8 : (i + 1) * FRAME8]
        mouth = np.repeat(spoken, 2).astype(np.int16) if codec is Codec.G722 else spoken
        stage.far.send(stage.far.packet(mouths.encode(codec, mouth), int(codec)))
        stage.far.advance()
        _ = stage.engine.counters  # once this is answered, the engine has taken what the far end sent
        near_heard.append(stage.handset.exchange(np.tile(NEAR, 2)[i * FRAME16 : (i + 1) * FRAME16]))
        far_heard.append(ears.decode(codec, stage.far.receive()[12:]))
    for ear, rate in ((np.concatenate(near_heard), 16000), (np.concatenate(far_heard), codec_rate(codec))):
        said = (PROMPT if rate == 16000 else narrow(PROMPT)).astype(float)
        at = 2 * rate + _delay(said, ear[2 * rate - rate // 10 : 3 * rate + rate // 10].astype(float)) - rate // 10
        under = ear[at : at + len(said)].astype(float)
        gain = float(np.dot(under, said) / np.dot(said, said))
        level = {name: 20 * np.log10(np.std(part)) for name, part in (
            ("before", ear[rate : 2 * rate - rate // 10].astype(float)),
            ("under", under - gain * said),
            ("after", ear[at + len(said) + rate // 50 : at + len(said) + rate].astype(float)),
        )}  # fmt: skip
        assert gain == pytest.approx(1, abs=0.05), "the words at their own level"
        assert level["under"] - level["before"] == pytest.approx(-12, abs=1), "the talk goes on, lower"
        assert level["after"] - level["before"] == pytest.approx(0, abs=1), "and comes back"


def _delay(source: NDArray[np.float64], stretch: NDArray[np.float64]) -> int:
    return int(np.argmax(np.correlate(stretch, source, "valid")))


def test_replaced_and_stopped_prompts_say_so(stage: Stage) -> None:
    clip = stage.engine.load_clip(PROMPT.tobytes())
    stage.call.play(Side.NEAR, [clip], token=1)
    stage.call.play(Side.NEAR, [clip], Play.REPLACE, token=2)
    stage.call.stop(Side.NEAR)
    assert [stage.wait(Source.CALL, CallEvent.STOPPED).code for _ in range(2)] == [1, 2]
    near_heard, _ = stage.silence(0.1)
    assert not near_heard.any()


def test_ringback_is_440_and_480_hz_2_s_on_4_s_off(stage: Stage) -> None:
    stage.call.tone(Tone.RINGBACK)
    heard, far_heard = stage.silence(6)
    assert heard[:31000].any() and not heard[32000:].any() and not far_heard.any()
    spectrum = np.abs(np.fft.rfft(heard[:16000].astype(float)))
    assert sorted(np.argsort(spectrum)[-2:]) == [440, 480]
    stage.call.tone(Tone.NONE)
    assert not stage.silence(0.1)[0].any()


@pytest.mark.parametrize(("samples", "why"), [(0, "Invalid"), (16000 * 600 + 2, "too large")])
def test_an_empty_or_endless_clip_is_refused(stage: Stage, samples: int, why: str) -> None:
    with pytest.raises(EngineError, match=f"clip of {samples} samples: .*{why}"):
        stage.engine.load_clip(bytes(2 * samples))
    assert stage.engine.counters.clips == 0
