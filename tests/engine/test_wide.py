"""Wide band: 16 kHz between handset and far end, changes of codec, comfort noise."""

from dataclasses import replace

import numpy as np
import pytest

from kinline_engine.audio import Coder, Pcm
from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, Codec, Side, Tone
from kinline_sim.listening import above_4_khz
from kinline_sim.rtp import dtmf_tone
from kinline_sim.speech import resample
from tests.engine.parties import FRAME8, FRAME16, Stage, correlation, found_again, speech
from tests.engine.test_bridged import Bridge

COMFORT_NOISE = 13


def wide_speech(seconds: float, seed: int) -> Pcm:
    """As much below 3 kHz as between 4.5 and 7 kHz, in syllables."""
    rng = np.random.default_rng(seed)
    n = int(seconds * 16000)
    hertz = np.fft.rfftfreq(n, 1 / 16000)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[(hertz < 400) | ((hertz > 3000) & (hertz < 4500)) | (hertz > 6800)] = 0
    wave = np.fft.irfft(spectrum, n) * np.abs(np.sin(np.pi * 2.5 * np.arange(n) / 16000))
    return np.asarray(wave / np.sqrt(np.mean(wave**2)) * 3000, np.int16)


NEAR, FAR = wide_speech(3, 1), wide_speech(3, 2)


class Wide:
    """A stage whose far end speaks G.722."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.coder = Coder()
        stage.call.set_far(replace(stage.far.end, codec=Codec.G722, payload_type=9, comfort_type=COMFORT_NOISE))
        stage.call.gate(True)

    def talk(self, near: Pcm, far: Pcm) -> tuple[Pcm, Pcm]:
        """What the handset and the far end hear, at 16 kHz."""
        ear, mouth = [], []
        for at in range(0, len(near), FRAME16):
            payload = self.coder.encode(Codec.G722, far[at : at + FRAME16])
            self.stage.far.send(self.stage.far.packet(payload, 9))
            self.stage.far.advance()
            _ = self.stage.engine.counters
            ear.append(self.stage.handset.exchange(near[at : at + FRAME16]))
            packet = self.stage.far.receive()
            assert packet[1] & 0x7F == 9 and len(packet) == 12 + 160
            mouth.append(self.coder.decode(Codec.G722, packet[12:]))
        return np.concatenate(ear), np.concatenate(mouth)


def test_what_is_above_4_khz_passes_both_ways(stage: Stage) -> None:
    ear, mouth = Wide(stage).talk(NEAR, FAR)
    assert correlation(FAR, ear) > 0.9 and correlation(NEAR, mouth) > 0.9
    assert correlation(above_4_khz(FAR), above_4_khz(ear)) > 0.7
    assert correlation(above_4_khz(NEAR), above_4_khz(mouth)) > 0.7


def test_digits_are_heard_in_wide_audio(stage: Stage) -> None:
    wide = Wide(stage)
    stage.call.gate(False)
    tone = resample(np.concatenate([dtmf_tone("7"), np.zeros(8000, np.int16)]), 8000, 16000)
    wide.talk(np.zeros(len(tone), np.int16), tone)
    assert [chr(e.code) for e in stage.drain() if (e.source, e.kind) == (Source.CALL, CallEvent.DTMF)] == ["7"]


def test_a_reinvite_to_another_codec_is_followed_in_mid_call(stage: Stage) -> None:
    Wide(stage).talk(NEAR, FAR)
    stage.call.set_far(stage.far.end)
    far8 = speech(3, 8000, seed=5)
    near_heard, far_heard = stage.talk(speech(3, 16000, seed=4), far8)
    assert correlation(far8, near_heard[::2]) >= 0.93
    assert correlation(speech(3, 16000, seed=4)[::2], far_heard) >= 0.95
    assert stage.call.counters.far.late == 0 and stage.call.counters.far.lost == 0


@pytest.mark.parametrize("until", [1, 5, 9])
@pytest.mark.parametrize("codecs", [(Codec.G722, Codec.PCMU), (Codec.PCMU, Codec.G722)])
def test_prompt_and_tone_go_on_from_where_they_were_as_the_codec_changes(codecs: tuple[Codec, Codec], until: int) -> None:
    """The beep lasts ten packets, and so does the prompt: a new rate takes nothing out, and adds nothing."""
    bridge = Bridge()
    prompt = speech(0.2, 16000, seed=6)
    heard: dict[str, list[Pcm]] = {"near": [], "far": []}
    coders = {"near": Coder(), "far": Coder()}
    for i in range(12):
        codec = codecs[i >= until]
        if i in (0, until):
            bridge.call.set_near(replace(bridge.near.end, codec=codec, payload_type=codec))
            bridge.call.set_far(replace(bridge.far.end, codec=codec, payload_type=codec))
        if i == 0:
            bridge.call.play(Side.FAR, [bridge.engine.load_clip(prompt.tobytes())])
            bridge.call.tone(Tone.BEEP)
        bridge.near.say(np.zeros(FRAME8, np.int16))
        bridge.far.say(np.zeros(FRAME8, np.int16))
        for name, end in (("near", bridge.near), ("far", bridge.far)):
            packet = end.receive()
            assert packet[1] & 0x7F == codec and len(packet) == 12 + FRAME8
            pcm = coders[name].decode(codec, packet[12:])
            heard[name].append(pcm if codec is Codec.G722 else resample(pcm, 8000, 16000))
    bridge.close()
    beep = np.asarray(3600 * np.sin(2 * np.pi * 1400 * np.arange(3200) / 16000), np.int16)
    for told, name in ((beep, "near"), (prompt, "far")):
        levels = [float(np.sqrt(np.mean(piece.astype(float) ** 2))) for piece in heard[name]]
        # Piece by piece: G.722 is heard 1.4 ms later than G.711.
        assert found_again(told, np.concatenate(heard[name]), 400) > 0.9
        assert min(levels[1:10]) > 100 and max(levels[11:]) < 100


def test_a_far_end_may_change_its_payload_type_without_a_word(stage: Stage) -> None:
    stage.call.gate(True)
    stage.talk(NEAR, FAR[::2])
    coder, heard = Coder(), []
    for at in range(0, len(FAR), FRAME16):
        stage.far.send(stage.far.packet(coder.encode(Codec.G722, FAR[at : at + FRAME16]), 9))
        stage.far.advance()
        _ = stage.engine.counters
        heard.append(stage.handset.exchange(np.zeros(FRAME16, np.int16)))
        stage.far.receive()
    low = np.fft.irfft(np.fft.rfft(FAR.astype(float))[: len(FAR) // 4 + 1], len(FAR) // 2)
    assert correlation(low.astype(np.int16), np.concatenate(heard)[::2]) > 0.8
    assert stage.call.counters.far.unwanted == 0


def test_comfort_noise_fills_a_pause_of_the_far_end(stage: Stage) -> None:
    wide = Wide(stage)
    wide.talk(NEAR, FAR)
    stage.far.send(stage.far.packet(bytes((55,)), COMFORT_NOISE))
    _ = stage.engine.counters
    before = stage.call.counters.far
    quiet = []
    for _ in range(100):
        quiet.append(stage.handset.exchange(np.zeros(FRAME16, np.int16)))
        stage.far.receive()
    rms = float(np.sqrt(np.mean(np.concatenate(quiet[20:]).astype(float) ** 2)))
    assert rms == pytest.approx(32768 * 10 ** (-55 / 20), rel=0.1)
    after = stage.call.counters.far
    assert (after.lost, after.unwanted) == (before.lost, before.unwanted) == (0, 0)
    assert after.concealed_samples - before.concealed_samples <= 2 * FRAME16


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x80" * 5])
def test_malformed_comfort_noise_is_counted(stage: Stage, payload: bytes) -> None:
    Wide(stage)
    stage.far.send(stage.far.packet(payload, COMFORT_NOISE))
    assert stage.engine.counters and stage.call.counters.far.unwanted == 1


def test_a_stalled_handset_is_heard_as_comfort_noise() -> None:
    with Stage(stall_ms=60) as stage:
        stage.call.set_far(replace(stage.far.end, comfort_type=COMFORT_NOISE))
        stage.call.gate(True)
        stage.silence(0.1)
        while (packet := stage.far.receive())[1] & 0x7F != COMFORT_NOISE:
            pass
        assert packet[12:] == bytes((66,))
        stage.far.say(np.zeros(FRAME8, np.int16))
