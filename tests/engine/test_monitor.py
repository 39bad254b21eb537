"""Staff who listen: what they hear and when, what they say and who hears it, and what they cannot do to a call."""

import select

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import Monitor, MonitoredCall, RecorderEvent
from kinline_engine.errors import EngineError, Refused
from tests.engine.parties import FRAME8, FRAME16, Pcm, Stage, contains, correlation, found_again, place, speech
from tests.engine.recording import record
from tests.engine.test_recording import read

NEAR = speech(2, 16000, seed=1)
FAR = speech(2, 8000, seed=2)
STAFF = speech(2, 16000, seed=3)
SILENCE16, SILENCE8 = np.zeros(FRAME16, np.int16), np.zeros(FRAME8, np.int16)


class Listener:
    """Hears out a monitor whenever it is asked to."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.heard = b""
        self.over = False

    def listen(self) -> None:
        """All that has come by now."""
        while not self.over and select.select([self.monitor.fd], [], [], 0)[0]:
            piece = self.monitor.hear()
            self.over = piece is None
            self.heard += piece or b""

    def channels(self) -> tuple[Pcm, Pcm]:
        both = np.frombuffer(self.heard, np.int16)
        return both[0::2], both[1::2]


def talk(stage: Stage, *listeners: Listener, staff: Pcm | None = None) -> tuple[Pcm, Pcm]:
    """Both parties talk, the listeners listen, and the first of them speaks where there is something to say."""
    stage.heard_near, stage.heard_far = [], []
    for i in range(len(NEAR) // FRAME16):
        if staff is not None:
            said = staff[i * FRAME16 : (i + 1) * FRAME16].tobytes()
            assert listeners[0].monitor.say(said) == len(said)
        stage.period(NEAR[i * FRAME16 : (i + 1) * FRAME16], FAR[i * FRAME8 : (i + 1) * FRAME8])
        for listener in listeners:
            listener.listen()
    return np.concatenate(stage.heard_near), np.concatenate(stage.heard_far)


def test_staff_hear_both_parties_and_nobody_hears_them(stage: Stage) -> None:
    stage.call.gate(True)
    before = talk(stage)
    listener = Listener(stage.call.monitor())
    assert stage.call.counters.monitors == 1
    near_heard, far_heard = talk(stage, listener)
    caller, called = listener.channels()
    # To the last block but one: with the period's own frame its sound is there.
    assert len(caller) >= len(NEAR) - FRAME16
    assert correlation(NEAR, caller) > 0.95 and correlation(FAR, called[::2]) > 0.9
    assert correlation(NEAR, called) < 0.1 and correlation(FAR, caller[::2]) < 0.1
    for alone, overheard in zip(before, (near_heard, far_heard), strict=True):
        assert correlation(alone, overheard) > 0.98
    listener.monitor.close()
    assert stage.call.counters.monitors == 0


def test_nothing_is_overheard_before_acceptance(stage: Stage) -> None:
    listener = Listener(stage.call.monitor())
    talk(stage, listener)
    assert len(listener.heard) and not np.frombuffer(listener.heard, np.int16).any()


def test_a_barge_is_heard_by_both_over_the_talk_and_kept(stage: Stage, tmp_path) -> None:  # type: ignore[no-untyped-def]
    stage.call.gate(True)
    record(stage.call, tmp_path / "call.klr")
    listener = Listener(stage.call.monitor())
    near_heard, far_heard = talk(stage, listener, staff=STAFF)
    for heard, other, rate in ((near_heard, FAR, 2), (far_heard, NEAR[::2], 1)):
        narrow = heard[::rate]
        assert correlation(STAFF[::2], narrow) > 0.6 and correlation(other, narrow) > 0.6
    caller, called = listener.channels()
    assert correlation(STAFF, caller) < 0.1 and correlation(STAFF, called) < 0.1, "staff hear themselves"
    stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(tmp_path / "call.klr")
    assert correlation(STAFF[::2], left) > 0.6 and correlation(STAFF[::2], right) > 0.6


def test_a_barge_before_acceptance_is_heard_by_nobody(stage: Stage) -> None:
    monitor = stage.call.monitor()
    words = STAFF[: 16 * FRAME16]
    said = words.tobytes()
    assert monitor.say(said) == len(said)
    near_heard, far_heard = stage.silence(0.5)
    assert not near_heard.any() and not far_heard.any()
    assert monitor.say(said) == len(said)
    stage.call.gate(True)
    near_heard, far_heard = stage.silence(0.5)
    assert not far_heard.any() and correlation(words, near_heard) < 0.2, "what was said just before it is gone, too"
    assert monitor.say(said) == len(said)
    near_heard, far_heard = stage.silence(0.5)
    assert correlation(words, near_heard) > 0.5 and correlation(words[::2], far_heard) > 0.5


def test_more_than_a_second_of_speech_waits_for_whoever_says_it(stage: Stage) -> None:
    monitor = stage.call.monitor()
    long = np.concatenate([STAFF, STAFF]).tobytes()
    taken = monitor.say(long)
    assert 2 * 15_000 < taken < 2 * 17_000 and monitor.say(long) == 0
    monitor.close()


def test_what_staff_say_catches_up_after_it_was_held_up(stage: Stage) -> None:
    stage.call.gate(True)
    monitor, staff, held_up = stage.call.monitor(), speech(8, 16000, seed=4), 15
    staff[np.arange(len(staff)) // 4000 % 4 == 0] = 0  # who speaks breathes
    pieces = [staff[at : at + FRAME16].tobytes() for at in range(0, len(staff), FRAME16)]
    for piece in pieces[:held_up]:  # 300 ms at once, then 20 each 20 ms
        monitor.say(piece)
    for piece in pieces[held_up:]:
        assert monitor.say(piece) == len(piece)
        stage.period(SILENCE16, SILENCE8)
    heard, staff8 = np.concatenate(stage.heard_far), staff[::2]
    last = len(staff8) - 6000
    late = place(heard, staff8[last : last + 4000]) - (last - held_up * FRAME8)
    assert 0 <= late <= 60 * 8, f"{late / 8:.0f} ms late"
    assert found_again(staff8[: last + 4000], heard, 1000) > 0.7  # a quarter is breath, and not found
    monitor.close()


def test_a_message_said_as_fast_as_it_is_taken_keeps_its_length(stage: Stage) -> None:
    stage.call.gate(True)
    monitor, message = stage.call.monitor(), speech(4, 16000, seed=5)
    left = message.tobytes()
    while left:
        taken = monitor.say(left[: 2 * FRAME16])
        left = left[taken:]
        if not taken:
            stage.period(SILENCE16, SILENCE8)
    for _ in range(55):
        stage.period(SILENCE16, SILENCE8)
    assert correlation(message[::2], np.concatenate(stage.heard_far)) > 0.97
    monitor.close()


def test_four_listen_and_a_fifth_does_not(stage: Stage) -> None:
    listeners = [Listener(stage.call.monitor()) for _ in range(4)]
    with pytest.raises(EngineError):
        stage.call.monitor()
    stage.call.gate(True)
    talk(stage, *listeners)
    for listener in listeners:
        assert correlation(NEAR, listener.channels()[0]) > 0.95
    listeners[0].monitor.close()
    stage.call.monitor().close()


def test_the_end_of_the_call_is_told_after_its_last_sound(stage: Stage) -> None:
    stage.call.gate(True)
    listener = Listener(stage.call.monitor())
    for i in range(10):
        stage.period(NEAR[i * FRAME16 : (i + 1) * FRAME16], FAR[i * FRAME8 : (i + 1) * FRAME8])
    stage.call.close()
    listener.listen()
    assert listener.over and len(listener.heard) >= 10 * 1280
    assert contains(NEAR, listener.channels()[0][:3000]) > 0.9
    assert listener.monitor.say(b"\0" * 640) == 0
    listener.monitor.close()


def test_a_listener_who_does_not_listen_misses_and_holds_nobody_up(stage: Stage) -> None:
    stage.call.gate(True)
    monitor = stage.call.monitor()
    near_heard, far_heard = talk(stage)
    assert correlation(NEAR[::2], far_heard) > 0.95 and correlation(FAR, near_heard[::2]) > 0.95
    assert monitor.missed >= 30 * FRAME16
    monitor.close()


def test_a_call_that_is_not_there_has_no_listeners(stage: Stage) -> None:
    with pytest.raises(EngineError):
        MonitoredCall(stage.engine, 77).monitor()


def test_a_recording_in_wide_band_keeps_what_a_narrow_one_loses(stage: Stage, tmp_path) -> None:  # type: ignore[no-untyped-def]
    t = np.arange(len(NEAR)) / 16000
    whistle = (np.sin(2 * np.pi * 6000 * t) * 5000).astype(np.int16)
    stage.call.gate(True)
    record(stage.call, tmp_path / "call.klr", rate=16_000)
    stage.talk(whistle, FAR)
    stage.call.record_stop()
    stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
    left, right = read(tmp_path / "call.klr")
    assert len(left) == len(NEAR)
    assert correlation(whistle, left) > 0.95 and correlation(FAR, right[::2]) > 0.9


def test_a_private_call_takes_no_listener() -> None:
    with Stage(privileged=True) as private, pytest.raises(Refused):
        MonitoredCall(private.engine, private.call.id).monitor()
