"""Digits of the called party: once a key press, however they come."""

import struct

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, DtmfMethod
from tests.engine.parties import FRAME8, FRAME16, Pcm, Stage, speech

DTMF_TYPE = 101
KEYS = "123A456B789C*0#D"
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
EVENTS = "0123456789*#ABCD"
QUIET16 = np.zeros(FRAME16, np.int16)


def tone(key: str, seconds: float = 0.1) -> Pcm:
    t = np.arange(int(seconds * 8000)) / 8000
    row, column = divmod(KEYS.index(key), 4)
    wave = np.sin(2 * np.pi * ROWS[row] * t) + np.sin(2 * np.pi * COLUMNS[column] * t)
    return (wave * 5000).astype(np.int16)


def dialled(keys: str) -> Pcm:
    """Keys in band, 100 ms on and 100 ms off, with silence around."""
    pause = np.zeros(800, np.int16)
    return np.concatenate([pause, *(part for key in keys for part in (tone(key), pause)), pause])


def event_payload(key: str, duration: int = FRAME8, end: bool = False) -> bytes:
    return struct.pack("!BBH", EVENTS.index(key), end << 7 | 10, duration)


def event_packets(stage: Stage, key: str, packets: int = 5, ends: int = 3, loud: bool = False) -> None:
    """A key press as RFC 4733: growing duration under one timestamp, the end repeated."""
    stamp = stage.far.timestamp
    sound = tone(key, packets * 0.02)
    for i in range(packets + ends):
        end = i >= packets
        duration = FRAME8 * min(i + 1, packets)
        payload = event_payload(key, duration, end)
        stage.far.send(stage.far.packet(payload, DTMF_TYPE, marker=i == 0, timestamp=stamp))
        if end:
            continue
        if loud:
            stage.far.say(sound[i * FRAME8 : (i + 1) * FRAME8])
        else:
            stage.far.advance()
        stage.period(QUIET16, None)


def digits(stage: Stage) -> list[tuple[str, int]]:
    return [(chr(e.code), e.data[0]) for e in stage.drain() if e.source == Source.CALL and e.kind == CallEvent.DTMF]


def listen_to(stage: Stage, far: Pcm) -> None:
    stage.talk(np.zeros(len(far) * 2, np.int16), far)


def test_every_key_in_band(stage: Stage) -> None:
    listen_to(stage, dialled(KEYS))
    assert digits(stage) == [(key, DtmfMethod.IN_BAND) for key in KEYS]


def test_every_key_as_event_once_despite_repeated_ends(stage: Stage) -> None:
    stage.silence(0.1)
    for key in KEYS:
        event_packets(stage, key)
        stage.silence(0.1)
    assert digits(stage) == [(key, DtmfMethod.EVENT) for key in KEYS]


def test_one_key_twice_is_two_presses(stage: Stage) -> None:
    stage.silence(0.1)
    for _ in range(2):
        event_packets(stage, "1")
        stage.silence(0.06)
    assert digits(stage) == [("1", DtmfMethod.EVENT)] * 2


def test_both_methods_at_once_are_one_press_each(stage: Stage) -> None:
    stage.silence(0.1)
    for key in "1159":
        event_packets(stage, key, loud=True)
        stage.silence(0.16)
    assert "".join(key for key, _ in digits(stage)) == "1159"


def test_lost_end_packets_do_not_matter(stage: Stage) -> None:
    stage.silence(0.1)
    event_packets(stage, "5", ends=0)
    stage.silence(0.3)
    event_packets(stage, "6", packets=1, ends=1)
    stage.silence(0.1)
    assert [key for key, _ in digits(stage)] == ["5", "6"]


def test_an_earlier_press_that_arrives_late_is_not_a_new_one(stage: Stage) -> None:
    stage.silence(0.1)
    event_packets(stage, "5", ends=0)
    late = stage.far.packet(struct.pack("!BBH", 5, 0x8A, 800), DTMF_TYPE, timestamp=stage.far.timestamp - 800)
    event_packets(stage, "6")
    stage.far.send(late)
    stage.silence(0.1)
    assert [key for key, _ in digits(stage)] == ["5", "6"]


def press(stage: Stage, key: str, timestamp: int) -> list[bytes]:
    """A key press of three packets, as they were sent."""
    sent = [stage.far.packet(event_payload(key, 800, True), DTMF_TYPE, timestamp=timestamp) for _ in range(3)]
    for packet in sent:
        stage.far.send(packet)
    return sent


@pytest.mark.parametrize("back", [0x10000, 1 << 20, 1 << 30])
def test_digits_are_told_when_the_timeline_begins_anew_further_back(stage: Stage, back: int) -> None:
    for timestamp, key in enumerate("12"):
        press(stage, key, 3_000_000_000 + 8000 * timestamp)
    for timestamp, key in enumerate("567"):
        press(stage, key, 3_000_008_000 - back + 8000 * timestamp)
    assert stage.engine.counters and [key for key, _ in digits(stage)] == list("12567")


def test_a_press_that_comes_again_after_seconds_is_not_a_new_one(stage: Stage) -> None:
    """By sequence it is old, however far back its time is by then."""
    old = press(stage, "5", stage.far.timestamp)
    for _ in range(5):
        stage.silence(0.4)
        for packet in old:
            stage.far.send(packet)
    press(stage, "6", stage.far.timestamp + 100_000)
    for packet in old:
        stage.far.send(packet)
    stage.silence(0.1)
    assert [key for key, _ in digits(stage)] == ["5", "6"]


def test_speech_dials_nothing(stage: Stage) -> None:
    listen_to(stage, speech(20, 8000, seed=11))
    assert digits(stage) == []


def test_in_band_ends_with_acceptance_unless_asked_for(stage: Stage) -> None:
    stage.call.gate(True)
    listen_to(stage, dialled("123"))
    assert digits(stage) == []
    stage.call.detect(True)
    listen_to(stage, dialled("45"))
    assert [key for key, _ in digits(stage)] == ["4", "5"]


def test_the_next_called_party_may_dial_in_band_again(stage: Stage) -> None:
    stage.call.gate(True)
    stage.silence(0.1)
    stage.call.gate(False)
    stage.call.clear_far()
    stage.call.set_far(stage.far.end)
    listen_to(stage, dialled("1"))
    assert [key for key, _ in digits(stage)] == ["1"]


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x00\x00", b"\x11\x00\x00\x50", b"\xff" * 40])
def test_malformed_events_are_counted(stage: Stage, payload: bytes) -> None:
    stage.silence(0.1)
    stage.far.send(stage.far.packet(payload, DTMF_TYPE))
    stage.silence(0.1)
    assert stage.call.counters.far.unwanted == 1 and digits(stage) == []


def test_a_key_held_for_ever_in_band_is_one_press(stage: Stage) -> None:
    listen_to(stage, np.concatenate([np.zeros(800, np.int16), tone("5", 20.0), np.zeros(800, np.int16)]))
    assert digits(stage) == [("5", DtmfMethod.IN_BAND)]


def test_two_keys_at_once_in_band_are_none_and_the_next_is_heard(stage: Stage) -> None:
    both = (tone("1", 0.5).astype(int) + tone("9", 0.5)).clip(-32768, 32767).astype(np.int16)
    listen_to(stage, np.concatenate([np.zeros(800, np.int16), both, np.zeros(1600, np.int16), dialled("2")]))
    assert digits(stage) == [("2", DtmfMethod.IN_BAND)]
