"""The engine against references in Python: G.711 and the gate. The jitter buffer's rules have tests/test_jitter.c."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kinline_engine.engine import Codec, FarEnd
from tests.engine.parties import FRAME8, ULAW, Pcm, ulaw_decode
from tests.engine.recording import record
from tests.engine.test_bridged import Bridge
from tests.engine.test_recording import read


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
