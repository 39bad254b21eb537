"""The sound, and the proof that the mute relay cuts it: a tone to the ear, its level behind the relay, and what comes back."""

import math
import secrets
import struct
import time

from kinline.handsets import _board as board
from kinline.handsets import _link as wire
from kinline.technician.selftest.bench import Bench, Hand, failed

TONE_HZ = 1000  # whole periods in a frame of 20 ms
TONE_LEVEL = 0.7  # of full scale: what hw/board.toml's thresholds are computed for
TALK_MS = 3000
FALL_S = 0.25  # safety property P3
QUIETEST_DB = -45.0  # of what was sent, ear to microphone around a hand; less is a dead microphone
_SAMPLES = board.AUDIO_FRAME_SAMPLES


def mute(bench: Bench) -> str:
    """The tone is there while a talk runs, and gone when its time is over, though the host plays on."""
    with_tone = _Tone(bench)
    bench.link.on_audio = with_tone.answer
    call = _talk(bench, TALK_MS)
    try:
        said = bench.wait_for(
            lambda r: bool(r.relay) and r.ear >= board.RECEIVER_TONE_ABOVE_MV, TALK_MS / 1000 - 0.5, "ear",
            "no tone reaches the ear while the relay is held", "check R20, C16 and the relay K1",
        )  # fmt: skip
        if not bench.link.until(lambda: any(isinstance(m, wire.TalkEnded) for m in bench.link.messages), TALK_MS / 1000 + 2):
            raise failed("talk-timer", "the talk did not end at its time", "kinline tech update")
        bench.link.expect(wire.TalkEnded)
        bench.link.until(lambda: False, FALL_S)
        after = bench.settle(
            lambda r: not r.relay and r.ear < board.RECEIVER_MUTE_BELOW_MV, "mute",
            "the tone goes on after the talk is over", "replace the relay K1: its contact is welded",
        )  # fmt: skip
        return f"{said.ear} mV with the relay held, {after.ear} mV without"
    finally:
        bench.link.on_audio = lambda pcm: None
        _end(bench, call)


def loop_back(bench: Bench) -> str:
    """What the ear plays comes back through the microphone, cupped in a hand."""
    with_tone = _Tone(bench)
    bench.link.on_audio = with_tone.answer
    bench.ask(Hand.CUP)
    try:
        end, best = time.monotonic() + bench.patience_s, -math.inf
        while best < QUIETEST_DB:
            if time.monotonic() > end:
                what = f"the tone comes back at {best:.0f} dB" if best > -math.inf else "nothing comes back from the microphone"
                raise failed("microphone", what, "check the microphone's wires at J2 pins 3 and 4")
            call = _talk(bench, TALK_MS)
            with_tone.captured.clear()
            bench.link.until(lambda: len(with_tone.captured) >= 75, TALK_MS / 1000)
            best = max((level_db(pcm) for pcm in with_tone.captured), default=-math.inf)
            _end(bench, call)
        return f"the tone comes back at {best:.0f} dB"
    finally:
        bench.link.on_audio = lambda pcm: None
        bench.ask(Hand.LET_GO)


def tone_frame() -> bytes:
    """20 ms of the tone, whole periods, so that frames join without a click."""
    step = 2 * math.pi * TONE_HZ / board.AUDIO_RATE_HZ
    return struct.pack(f"<{_SAMPLES}h", *(round(32767 * TONE_LEVEL * math.sin(step * i)) for i in range(_SAMPLES)))


def level_db(pcm: bytes) -> float:
    """The level of the tone in a frame beside that of the frame that we send (Goertzel); minus infinity for none."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    turn = 2 * math.cos(2 * math.pi * TONE_HZ / board.AUDIO_RATE_HZ)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    amplitude = math.sqrt(max(one * one + two * two - turn * one * two, 0.0)) * 2 / len(samples)
    return 20 * math.log10(amplitude / (32767 * TONE_LEVEL)) if amplitude else -math.inf


class _Tone:
    """Answers each frame from the microphone with one of the tone, and keeps what came."""

    def __init__(self, bench: Bench) -> None:
        self._frame = tone_frame()
        self.captured: list[bytes] = []

    def answer(self, pcm: bytes) -> bytes:
        self.captured.append(pcm)
        return self._frame


def _talk(bench: Bench, limit_ms: int) -> int:
    """Open a talk of so long; its number."""
    clock = bench.link.session.clock
    if not bench.link.until(lambda: clock.ready, 5.0):
        raise failed("clock", "the board answers no pings", "check the link's cable: kinline tech doctor")
    deadline = clock.ticks_at(time.monotonic_ns() + limit_ms * 1_000_000)
    _forget(bench, wire.TalkEnded)
    call = _call()
    bench.link.send(wire.Talk(call, deadline, limit_ms))
    return call


def _end(bench: Bench, call: int) -> None:
    """Back to listening, whether the talk is over or not."""
    bench.link.send(wire.End(call))


def _call() -> int:
    """Never a number that this handset has granted before."""
    return secrets.randbelow(0xFFFFFFFF) + 1


def _forget(bench: Bench, kind: type[wire.Message]) -> None:
    bench.link.messages[:] = [m for m in bench.link.messages if not isinstance(m, kind)]
