"""G.711 and RTP of the simulated telephones, against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline_engine.sip import Direction, Media
from kinline_sim import g711
from kinline_sim.g711 import Law
from kinline_sim.rtp import DTMF_DIGITS, FRAME, Packet, RtpEnd, dtmf_tone, parse

# Table 2a and 1a of G.711, scaled to 16 bits: code, value.
KNOWN: dict[Law, list[tuple[int, int]]] = {
    "ulaw": [(0xFF, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8), (0xEF, 132), (0xCE, 988)],
    "alaw": [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xC5, 264)],
}


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_known_codes(law: Law) -> None:
    for code, value in KNOWN[law]:
        assert g711.decode(bytes([code]), law)[0] == value


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_code_survives_a_round_trip(law: Law) -> None:
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes, law), law)
    # Mu-law's negative zero becomes the positive one.
    assert again == (codes.replace(b"\x7f", b"\xff") if law == "ulaw" else codes)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_encoding_takes_the_nearest_value(law: Law) -> None:
    samples = np.arange(-32768, 32768, 37).astype(np.int16)
    chosen = g711.decode(g711.encode(samples, law), law).astype(np.int32)
    values = g711.DECODE[law].astype(np.int32)
    best = np.min(np.abs(values[None, :] - samples.astype(np.int32)[:, None]), axis=1)
    assert np.array_equal(np.abs(chosen - samples), best)


@given(
    st.integers(0, 127), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=200),
    st.booleans(),
)  # fmt: skip
def test_packets_survive(payload_type: int, sequence: int, stamp: int, ssrc: int, payload: bytes, marker: bool) -> None:
    packet = Packet(payload_type, sequence, stamp, ssrc, payload, marker)
    assert parse(packet.pack()) == packet


@given(st.binary(max_size=80))
def test_no_datagram_breaks_the_parser(raw: bytes) -> None:
    packet = parse(raw)
    assert packet is None or len(packet.payload) <= len(raw) - 12


@pytest.mark.parametrize("digit", DTMF_DIGITS)
def test_tones_have_their_two_frequencies(digit: str) -> None:
    tone = dtmf_tone(digit, 0.5)
    spectrum = np.abs(np.fft.rfft(tone))
    low, high = sorted(np.argsort(spectrum)[-2:] * 2)  # bins of 2 Hz
    row, column = divmod("123A456B789C*0#D".index(digit), 4)
    assert abs(low - (697, 770, 852, 941)[row]) <= 2
    assert abs(high - (1209, 1336, 1477, 1633)[column]) <= 2


async def test_two_ends_exchange_speech_and_keys() -> None:
    left, right = RtpEnd("127.0.0.1", 1), RtpEnd("127.0.0.1", 2)
    for end, far in ((left, right), (right, left)):
        await end.start()
        end.aim(Media("127.0.0.1", far.port, 8, 8, 101, Direction.SENDRECV, 20))
    ramp = np.linspace(-20000, 20000, 5 * FRAME + 7).astype(np.int16)
    spoken = left.say(ramp)
    await spoken
    for digit in "1#":
        await left.press(digit)
    await right.packets_from(8)
    await left.close()
    await right.close()
    assert [digit for _, digit in right.digits_received] == ["1", "#"]
    # Frames of silence (+8 is A-law's zero) came before.
    start = int(np.argmax(right.heard.pcm != 8))
    heard = right.heard.pcm[start : start + len(ramp)]
    assert np.array_equal(heard, g711.decode(g711.encode(ramp, "alaw"), "alaw"))
    assert right.malformed == 0


async def test_garbage_is_counted() -> None:
    end = RtpEnd("127.0.0.1", 1)
    await end.start()
    end.aim(Media("127.0.0.1", 9, 0, 0, 101, Direction.SENDRECV, 20))
    for raw in (b"", b"x" * 11, b"\0" * 40, b"\x80\x65" + b"\0" * 10, b"\x9f\0" + b"\xff" * 20, b"\x80\x60" + bytes(30)):
        end.datagram_received(raw, ("127.0.0.1", 9))
    await end.close()
    assert end.malformed == 6
    assert end.received == []
