"""The engine against references in Python: G.711, the gate, the jitter buffer."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kinline_engine.bus import Source
from kinline_engine.engine import Codec, FarEnd, RecorderEvent
from tests.engine.jitter_reference import MADE_UP, JitterReference
from tests.engine.parties import FRAME8, FRAME16, ULAW, Pcm, Stage, ulaw_decode
from tests.engine.recording import record
from tests.engine.test_bridged import Bridge
from tests.engine.test_recording import read

QUIET16 = np.zeros(FRAME16, np.int16)


def alaw_encode(pcm: Pcm) -> bytes:
    """ITU-T G.711 table 1a: 12 bits of magnitude in eight segments of sixteen steps, every other bit inverted."""
    codes = []
    for value in pcm.tolist():
        magnitude = (value if value >= 0 else ~value) >> 4
        segment = max(0, magnitude.bit_length() - 4)
        step = magnitude >> max(0, segment - 1) & 15
        codes.append(((0x80 if value >= 0 else 0) | segment << 4 | step) ^ 0x55)
    return bytes(codes)


@settings(max_examples=30)
@given(st.binary(min_size=FRAME8, max_size=FRAME8))
def test_mu_law_becomes_a_law_as_the_standard_says(payload: bytes) -> None:
    bridge = Bridge()
    end = bridge.far.end
    bridge.call.set_far(FarEnd(end.ip, end.port, Codec.PCMA, 8))
    bridge.call.gate(True)
    bridge.near.send(bridge.near.packet(payload))
    assert bridge.far.receive()[12:] == alaw_encode(ulaw_decode(payload))
    bridge.close()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), min_size=1, max_size=12), st.integers(0, 255))
def test_what_passes_is_what_was_said_while_the_gate_was_open(walk: list[tuple[bool, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge()
        record(bridge.call, Path(folder) / "call.klr")
        said_near, heard_far = [], []
        for is_open, periods in walk:
            bridge.call.gate(is_open)
            near, far = (ULAW[rng.integers(0, 256, periods * FRAME8)] for _ in range(2))
            ears_near, ears_far = bridge.talk(near, far)
            assert np.array_equal(ears_far, near if is_open else 0 * near)
            assert np.array_equal(ears_near, far if is_open else 0 * far)
            said_near.append(ears_far)
            heard_far.append(ears_near)
        bridge.call.record_stop()
        bridge.close()
        left, right = read(Path(folder) / "call.klr")
    assert np.array_equal(left, np.concatenate(said_near)) and np.array_equal(right, np.concatenate(heard_far))


packets_of_a_period = st.lists(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 7, -1]), min_size=60, max_size=160)


@settings(max_examples=15)
@given(packets_of_a_period, st.sampled_from([(20, 120), (40, 60), (20, 400)]))
def test_the_jitter_buffer_plays_what_its_reference_plays(delays: list[int], bounds: tuple[int, int]) -> None:
    """Packet i comes delays[i] periods late, or never (-1). Each carries codes that tell its number."""
    arrivals: list[list[int]] = [[] for _ in range(len(delays) + 10)]
    for i, late in enumerate(delays):
        if late >= 0:
            arrivals[i + late].append(i)
    reference = JitterReference(*bounds)
    expected: list[int] = []
    with tempfile.TemporaryDirectory() as folder, Stage(jitter_ms=bounds) as stage:
        stage.call.gate(True)
        record(stage.call, Path(folder) / "call.klr")
        for due in arrivals:
            for i in due:
                stage.far.sequence, stage.far.timestamp = 999 + i, 5000 + i * FRAME8
                stage.far.send(stage.far.packet(bytes([_code(i)]) * FRAME8))
                reference.put(i * FRAME8, FRAME8, loud=True)
            stage.period(QUIET16, None)
            expected += reference.get(FRAME8)
        counters = stage.call.counters.far
        stage.call.record_stop()
        stage.wait(Source.RECORDER, RecorderEvent.CLOSED)
        _, right = read(Path(folder) / "call.klr")
    assert (counters.late, counters.concealed_samples) == (reference.late, reference.made_up)
    _assert_played(expected, right)


def _code(packet: int) -> int:
    return 0x80 | (packet * 5 + 1) % 100  # positive and loud enough not to be taken for a pause


OVERLAP = FRAME8 // 2  # what concealment may blend at the beginning of what is there again


def _assert_played(expected: list[int], heard: Pcm) -> None:
    blend = 0
    for at, position in enumerate(expected):
        if position == MADE_UP:
            blend = OVERLAP
        elif blend:
            blend -= 1
        else:
            assert heard[at] == ULAW[_code(position // FRAME8)], f"sample {at} should be that of {position}"
