"""A recorded voice through the engine, far end to handset and back, and PESQ (ITU-T P.862) on what arrives."""

from dataclasses import dataclass

import numpy as np
from pesq import pesq

from kinline_engine.audio import Coder, Pcm
from kinline_engine.engine import Codec
from kinline_sim import speech
from kinline_sim.listening import to_8k
from tests.engine.parties import FRAME8, FRAME16, Stage

RATE = 8000
SPEECH_S = 8.0


def words(seed: int) -> Pcm:
    """Speech between pauses, so that no delay moves a word over the end."""
    pause = np.zeros(RATE // 2, np.int16)
    return np.concatenate([pause, speech.speech(SPEECH_S, seed), pause])


def opinion(spoken: Pcm, arrived: Pcm) -> float:
    """MOS-LQO, narrow band, of what arrived at 8 kHz, however late it came."""
    size = 1 << (len(spoken) + len(arrived)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(arrived, size) * np.conj(np.fft.rfft(spoken, size)), size)
    moved = np.roll(arrived, -int(np.argmax(cross[: len(arrived)])))
    return float(pesq(RATE, spoken, moved, "nb"))


@dataclass(frozen=True, slots=True)
class Opinions:
    """MOS-LQO of one voice: through the codec alone, and through the engine each way."""

    codec_alone: float
    to_the_handset: float
    to_the_far_end: float

    @property
    def below_ceiling(self) -> float:
        return self.codec_alone - min(self.to_the_handset, self.to_the_far_end)


def opinions(codec: Codec, seed: int) -> Opinions:
    """On a clean link; the microphone is not cleaned, which would be judged as a change."""
    spoken, coder = words(seed), Coder()
    ear, there = _through_the_engine(spoken, codec)
    alone = pesq(RATE, spoken, coder.decode(codec, coder.encode(codec, spoken)), "nb")
    return Opinions(float(alone), opinion(spoken, ear), opinion(spoken, there))


def _through_the_engine(spoken: Pcm, codec: Codec) -> tuple[Pcm, Pcm]:
    wide, coder, there = speech.resample(spoken, RATE, 2 * RATE), Coder(), []
    with Stage() as stage:
        end = stage.far.end
        stage.call.set_far(type(end)(end.ip, end.port, codec, int(codec)))
        stage.call.gate(True)
        ear = []
        for at in range(len(spoken) // FRAME8):
            stage.far.send(stage.far.packet(coder.encode(codec, spoken[at * FRAME8 : (at + 1) * FRAME8]), int(codec)))
            stage.far.advance()
            _ = stage.engine.counters  # once this is answered, the engine has taken what the far end sent
            ear.append(stage.handset.exchange(wide[at * FRAME16 : (at + 1) * FRAME16]))
            there.append(coder.decode(codec, stage.far.receive()[12:]))
    return np.asarray(np.round(to_8k(np.concatenate(ear))).clip(-32768, 32767), np.int16), np.concatenate(there)
