"""Who holds the line is sent nothing, is heard all the same, and keeps its place (RFC 3264 §5.1, §8.4)."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, Codec, FarEnd, Play, Side
from tests.engine.parties import FRAME8, FRAME16, Far, Stage, contains, correlation, speech

NEAR, FAR = speech(1, 16000, 21), speech(1, 8000, 22)
NULL = "0.0.0.0"


def waiting(far: Far) -> list[bytes]:
    """The packets that the engine has sent there and nobody has read."""
    packets = []
    far.socket.setblocking(False)
    try:
        while True:
            packets.append(far.receive())
    except BlockingIOError:
        return packets
    finally:
        far.socket.setblocking(True)


def hold(stage: Stage, end: FarEnd) -> None:
    stage.call.set_far(end)
    stage.far_end = False


def resume(stage: Stage) -> None:
    stage.call.set_far(stage.far.end)
    stage.far_end = True


@pytest.mark.parametrize("how", ["sendonly", "null address"])
def test_who_holds_is_sent_nothing_and_heard(stage: Stage, how: str) -> None:
    stage.call.gate(True)
    stage.silence(0.1)
    sent = stage.call.counters.far.sent
    hold(stage, replace(stage.far.end, held=True) if how == "sendonly" else replace(stage.far.end, ip=NULL))
    heard, _ = stage.talk(NEAR, FAR)
    assert correlation(FAR, heard[::2]) > 0.9, "the music is heard"
    assert stage.call.counters.far.sent == sent and not waiting(stage.far)
    resume(stage)
    stage.far_end = False  # the first packet is looked at by itself
    stage.period(NEAR[:FRAME16], FAR[:FRAME8])
    (first,) = waiting(stage.far)
    assert first[1] & 0x80, "it begins anew, and says so"
    stage.far_end = True
    _, far_heard = stage.talk(NEAR, FAR)
    assert correlation(NEAR[::2], far_heard) > 0.9
    assert stage.call.counters.far.lost == 0 and stage.call.counters.far.concealed_samples < FRAME8 * 8


def test_time_passes_on_hold(stage: Stage) -> None:
    """What follows the hold stands where it belongs, and what is said to who holds comes to its end."""
    stage.call.gate(True)
    stage.far_end = False
    stage.period(NEAR[:FRAME16], None)
    (before,) = waiting(stage.far)
    hold(stage, replace(stage.far.end, held=True))
    clip = stage.engine.load_clip(bytes([1, 2]) * 3200)
    stage.call.play(Side.FAR, [clip], Play.OVERLAY, token=9)
    for _ in range(25):
        stage.period(NEAR[:FRAME16], None)
    assert stage.wait(Source.CALL, CallEvent.PLAYED).code == 9
    stage.call.set_far(stage.far.end)
    stage.period(NEAR[:FRAME16], None)
    (after,) = waiting(stage.far)
    was, now = (struct.unpack_from("!BBHII", packet) for packet in (before, after))
    assert (now[2] - was[2]) & 0xFFFF == 1, "nothing was lost"
    assert (now[3] - was[3]) & 0xFFFFFFFF == 26 * FRAME8


def test_a_silent_hold_is_comfort_noise(stage: Stage) -> None:
    stage.call.gate(True)
    hold(stage, replace(stage.far.end, held=True))
    for _ in range(50):
        stage.period(np.zeros(FRAME16, np.int16), None)
    heard = np.concatenate(stage.heard_near[25:]).astype(float)
    assert 0 < np.sqrt(np.mean(heard**2)) < 100
    stage.far.advance(50 * FRAME8)
    resume(stage)
    heard_again, _ = stage.talk(NEAR, FAR)
    assert correlation(FAR, heard_again[::2]) > 0.9


def test_a_null_address_is_nobodys(stage: Stage) -> None:
    """Packets for it would go to this host itself; and two who hold so are not taken for one."""
    stranger = Far(stage.engine.rtp_port)
    null = FarEnd(NULL, stranger.end.port, Codec.PCMU)
    stage.call.gate(True)
    stage.silence(0.1)
    hold(stage, null)
    stage.talk(NEAR)
    assert not waiting(stranger)
    other = stage.engine.create_bridged_call()
    other.set_far(null)
    other.set_near(null)
    stranger.close()


def test_who_answers_on_hold_is_spoken_to_once_it_is_somewhere(stage: Stage) -> None:
    stage.call.clear_far()
    hold(stage, replace(stage.far.end, ip=NULL))
    clip = stage.engine.load_clip(NEAR.tobytes())
    stage.call.play(Side.FAR, [clip], token=1)
    stage.silence(1.1)
    assert stage.wait(Source.CALL, CallEvent.PLAYED).code == 1 and not waiting(stage.far)
    resume(stage)
    stage.call.play(Side.FAR, [clip], token=2)
    _, heard = stage.silence(1.1)
    assert contains(heard, NEAR[::2]) > 0.9


def test_who_is_nowhere_takes_nobodys_place(stage: Stage) -> None:
    """The address that its call had before has become another call's."""
    stage.call.clear_far()
    other, elsewhere = stage.engine.create_bridged_call(), Far(stage.engine.rtp_port)
    other.set_far(stage.far.end)
    stage.call.set_far(FarEnd(NULL, stage.far.end.port, Codec.PCMU))
    stage.call.set_far(elsewhere.end)
    stage.far.say(FAR[:FRAME8])
    assert other.counters.far.received == 1
    elsewhere.close()


@pytest.mark.parametrize(("end", "goodbyes"), [({"held": True}, 1), ({"ip": NULL}, 0)], ids=["held", "null address"])
def test_reports_go_on_but_to_a_null_address(stage: Stage, end: dict[str, object], goodbyes: int) -> None:
    stage.silence(0.1)
    hold(stage, replace(stage.far.end, **end))  # type: ignore[arg-type]
    before = stage.call.counters.far.reports.sent
    stage.call.clear_far()
    assert stage.call.counters.far.reports.sent - before == goodbyes
