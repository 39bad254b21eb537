"""Who speaks when: the four states of an artificial conversation after ITU-T P.59, frame by frame."""

import random
from collections.abc import Iterator, Sequence

import numpy as np

from kinline_engine.audio import Coder, codec_rate
from kinline_engine.engine import Codec
from kinline_sim.speech import Speaker, speech

FRAME_S = 0.020
# Mean seconds that one speaks, both do, and nobody does; each lasts exponentially long. The figures of P.59's generator as
# others cite them, for the recommendation itself was not at hand (jitsi-meet-torture: 854, 226 and 456 ms, a silence of 200 ms
# at least). Whether 0.4 is the share of those who are interrupted or of those who end is told both ways; so it is the one that
# comes near P.59's table 1, where each talks for 1.004 s and pauses for 1.587, so 38.7 % of the time: the chain has each speak
# for 42 % of it, or 38.7 with that least silence, and 48 the other way round. Without the least silence it is the heavier load.
ALONE_S, BOTH_S, NOBODY_S = 0.854, 0.226, 0.456
INTERRUPTED = 0.4  # of those who speak alone; the others end
SILENT_RMS = 33  # a frame below is a pause inside the speech and left out: pauses come from the states
NOISE_RMS = 10  # -70 dBov, of room and line

Turn = tuple[bool, bool]  # whether the caller speaks, and the called party


def turns(seed: int) -> Iterator[Turn]:
    """Frame by frame, without end; each speaks some 42 % of the time."""
    rng = random.Random(seed)
    caller = True
    while True:
        yield from _frames(rng, ALONE_S, (caller, not caller))
        both = rng.random() < INTERRUPTED
        yield from _frames(rng, BOTH_S if both else NOBODY_S, (both, both))
        caller = rng.random() < 0.5


def _frames(rng: random.Random, mean_s: float, turn: Turn) -> Iterator[Turn]:
    return iter([turn] * max(1, round(rng.expovariate(1 / mean_s) / FRAME_S)))


def frames(party: int, talk: Sequence[Turn], rate: int) -> list[np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """Frames of 20 ms of the caller (0) or the called party (1): speech in that one's turns, else noise."""
    size = rate // 50
    speaker: Speaker = "called" if party else "caller"
    words = speech(12.0, 3 + party, speaker, rate)
    cut = words[: len(words) // size * size].reshape(-1, size)
    spoken = [frame for frame in cut if np.sqrt((frame.astype(float) ** 2).mean()) > SILENT_RMS]
    noise = np.random.default_rng(party).normal(0, NOISE_RMS, (len(spoken), size)).astype(np.int16)
    return [(spoken if turn[party] else noise)[at % len(spoken)] for at, turn in enumerate(talk)]


def payloads(talk: Sequence[Turn], codec: Codec) -> list[bytes]:
    """The called party's frames as they are sent."""
    coder = Coder()
    return [coder.encode(codec, frame) for frame in frames(1, talk, codec_rate(codec))]
