"""What the engine hears of a call in passing: signs, and text telephones, where they may be read and where not."""

import struct
from collections.abc import Iterator

import numpy as np
import pytest

from kinline_engine import tty
from kinline_engine.bus import Event, Source
from kinline_engine.detect import Phase, Sign, heard
from kinline_engine.engine import CallEvent, Play, Side
from kinline_engine.errors import NotFound, Refused
from tests.engine.parties import FRAME8, FRAME16, Pcm, Stage

QUIET16 = np.zeros(FRAME16, np.int16)
TYPED = "HELLO JAMES GA"


@pytest.fixture
def private() -> Iterator[Stage]:
    with Stage(privileged=True) as stage:
        yield stage


def typing(text: str = TYPED) -> Pcm:
    """On the line as G.711 frames, a second of rest behind it."""
    pcm = np.frombuffer(tty.send(text), np.int16)
    return np.concatenate((pcm, np.zeros(2 * 8000 - len(pcm) % FRAME8, np.int16)))


def ringing() -> Pcm:
    t = np.arange(2 * 8000) / 8000
    return ((np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * 3000).astype(np.int16)


def far_says(stage: Stage, pcm: Pcm, lost: frozenset[int] = frozenset()) -> None:
    for i in range(len(pcm) // FRAME8):
        frame = pcm[i * FRAME8 : (i + 1) * FRAME8]
        if i in lost:
            stage.far.sequence += 1
            stage.far.advance()
        stage.period(QUIET16, None if i in lost else frame)


def near_says(stage: Stage, pcm: Pcm) -> None:
    wide = np.repeat(pcm, 2).astype(np.int16)
    stage.talk(wide, np.zeros(len(pcm), np.int16))


def signs(events: list[Event]) -> list[Sign]:
    return [heard(event).sign for event in events if (event.source, event.kind) == (Source.CALL, CallEvent.SIGN)]


def text(events: list[Event], side: Side) -> str:
    kept = [event for event in events if (event.source, event.kind, event.code) == (Source.CALL, CallEvent.TEXT, side)]
    return b"".join(event.data for event in kept).decode()


def test_a_telephone_that_rings_behind_the_called_party(stage: Stage) -> None:
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    far_says(stage, ringing())
    found = [heard(event) for event in stage.drain() if event.kind == CallEvent.SIGN]
    assert [one.sign for one in found] == [Sign.RINGBACK, Sign.THREE_WAY]
    assert all(0 < one.confidence <= 100 and 1 < one.seconds < 2 for one in found)


def test_nobody_listens_unasked(stage: Stage) -> None:
    stage.call.gate(True)
    far_says(stage, ringing())
    assert not signs(stage.drain())


@pytest.mark.parametrize("speaker", [Side.FAR, Side.NEAR])
def test_what_is_typed_in_a_talk_is_read_on_either_side(stage: Stage, speaker: Side) -> None:
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    (far_says if speaker is Side.FAR else near_says)(stage, typing())
    events = stage.drain()
    assert text(events, speaker) == TYPED
    assert not text(events, Side.FAR if speaker is Side.NEAR else Side.NEAR)
    found = [heard(event) for event in events if event.kind == CallEvent.SIGN]
    assert [(one.sign, one.detail) for one in found] == [(Sign.TTY, speaker)]
    assert found[0].seconds < 2, "recognised within two seconds"


def test_lost_packets_do_not_garble(stage: Stage) -> None:
    """One packet of each hundred, which concealment would turn into wrong characters."""
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    line = typing(TYPED * 2)
    lost = frozenset(np.flatnonzero(np.random.default_rng(3).random(len(line) // FRAME8) < 0.01).tolist())
    assert len(lost) >= 2
    far_says(stage, line, lost)
    assert text(stage.drain(), Side.FAR) == TYPED * 2


def test_nothing_is_read_before_acceptance(stage: Stage) -> None:
    stage.call.listen(Phase.ANSWER)
    far_says(stage, typing())
    events = stage.drain()
    assert signs(events) == [Sign.TTY]
    assert not text(events, Side.FAR)
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    far_says(stage, np.zeros(16000, np.int16))
    events = stage.drain()
    assert signs(events) == [Sign.TTY], "the talk is told at once"
    assert not text(events, Side.FAR), "and nothing of what came before it"


def test_nobody_listens_for_an_answer_in_a_talk(stage: Stage, private: Stage) -> None:
    for talk, phase in ((stage, Phase.TALK), (private, Phase.TTY)):
        talk.call.gate(True)
        talk.call.listen(phase)
        with pytest.raises(Refused):
            talk.call.listen(Phase.ANSWER)


def test_a_privileged_call_is_never_read(private: Stage) -> None:
    private.call.gate(True)
    with pytest.raises(Refused):
        private.call.listen(Phase.TALK)
    private.call.listen(Phase.TTY)
    far_says(private, typing())
    near_says(private, typing())
    events = private.drain()
    assert set(signs(events)) == {Sign.TTY}
    assert not text(events, Side.FAR) and not text(events, Side.NEAR)


def test_a_flash_reported_by_the_switch(stage: Stage) -> None:
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    stage.far.send(stage.far.packet(struct.pack("!BBH", 16, 0x80 | 10, 160), 101, marker=True))
    stage.period(QUIET16, None)
    assert signs(stage.drain()) == [Sign.FLASH]


def test_another_stream_in_the_talk_is_a_weak_sign(stage: Stage) -> None:
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    far_says(stage, np.zeros(FRAME8 * 5, np.int16))
    stage.far.ssrc += 1
    far_says(stage, np.zeros(FRAME8 * 5, np.int16))
    found = [heard(event) for event in stage.drain() if event.kind == CallEvent.SIGN]
    assert [(one.sign, one.confidence < 50) for one in found] == [(Sign.FORWARDED, True)]


def test_a_call_that_is_over_is_not_listened_to(stage: Stage) -> None:
    stage.call.close()
    with pytest.raises(NotFound):
        stage.call.listen(Phase.TALK)


def as_clip(text: str) -> bytes:
    """What the engine says on a text telephone, at 16 kHz."""
    return np.repeat(np.frombuffer(tty.send(text), np.int16), 2).tobytes()


def read(pcm: Pcm) -> str:
    receiver = tty.Receiver()
    return receiver.hear(pcm[: len(pcm) // 80 * 80].tobytes())


@pytest.mark.parametrize("typist", [Side.FAR, Side.NEAR])
def test_what_is_said_into_a_talk_waits_for_whoever_types(stage: Stage, typist: Side) -> None:
    """Between two lines it comes, as text, and neither text is lost; and nobody is taken to have typed it."""
    notice = stage.engine.load_clip(as_clip("ONE MINUTE LEFT"))
    stage.call.gate(True)
    stage.call.tone_safe(True)
    stage.call.listen(Phase.TALK)
    line = np.concatenate((np.frombuffer(tty.send("HELLO"), np.int16), np.zeros(8000, np.int16))).astype(np.int16)
    whole = np.concatenate((line[: len(line) // FRAME8 * FRAME8], typing(), np.zeros(7 * 8000, np.int16)))
    wide, quiet8 = np.repeat(whole, 2).astype(np.int16), np.zeros(len(whole), np.int16)
    for i in range(len(whole) // FRAME8):
        if i == 50:
            stage.call.play(Side.BOTH, [notice], Play.OVERLAY)
        eight, sixteen = whole[i * FRAME8 : (i + 1) * FRAME8], wide[i * FRAME16 : (i + 1) * FRAME16]
        stage.period(sixteen if typist is Side.NEAR else QUIET16, eight if typist is Side.FAR else quiet8[:FRAME8])
    near, far = np.concatenate(stage.heard_near)[::2], np.concatenate(stage.heard_far)
    events = stage.drain()
    assert (read(near), read(far)) == (
        ("HELLOHELLO JAMES GAONE MINUTE LEFT", "ONE MINUTE LEFT")
        if typist is Side.FAR
        else ("ONE MINUTE LEFT", "HELLOHELLO JAMES GAONE MINUTE LEFT")
    )
    assert text(events, typist) == "HELLOHELLO JAMES GA"
    assert not text(events, Side.NEAR if typist is Side.FAR else Side.FAR)


def test_whoever_types_without_end_is_told_all_the_same(stage: Stage) -> None:
    notice = stage.engine.load_clip(as_clip("TEN SECONDS LEFT"))
    stage.call.gate(True)
    stage.call.tone_safe(True)
    stage.call.listen(Phase.TALK)
    endless = np.frombuffer(tty.send("THE QUICK BROWN FOX " * 8), np.int16)
    endless = endless[: len(endless) // FRAME8 * FRAME8]
    far_says(stage, endless[: 3 * 8000])
    stage.heard_near.clear()
    stage.call.play(Side.NEAR, [notice], Play.OVERLAY)
    far_says(stage, endless[3 * 8000 : 13 * 8000])
    heard_near = np.concatenate(stage.heard_near)[::2]
    assert "MINUTE" not in read(heard_near[: 5 * 8000]) and "SECONDS LEFT" in read(heard_near[5 * 8000 :])


def test_both_ends_with_text_telephones_are_told_of(stage: Stage) -> None:
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    far_says(stage, typing())
    near_says(stage, typing())
    found = [heard(event) for event in stage.drain() if event.kind == CallEvent.SIGN]
    assert [(one.sign, one.detail) for one in found] == [(Sign.TTY, Side.FAR), (Sign.TTY, Side.BOTH)]


def test_speech_is_announced_over_without_a_wait(stage: Stage) -> None:
    clip = stage.engine.load_clip(bytes([1, 2]) * 3200)
    stage.call.gate(True)
    stage.call.listen(Phase.TALK)
    stage.call.play(Side.NEAR, [clip], Play.OVERLAY, token=3)
    stage.silence(0.3)
    assert [event.code for event in stage.drain() if event.kind == CallEvent.PLAYED] == [3]
