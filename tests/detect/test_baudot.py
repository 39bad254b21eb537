"""The shift layer against a reference that shares no line with it."""

from hypothesis import given
from hypothesis import strategies as st

from kinline_engine.tty import FIGURES, LETTERS, decode, encode
from tests.detect import baudot_reference as reference

ASCII = st.text(st.characters(max_codepoint=127), max_size=80)
CODES = st.binary(max_size=120).map(lambda raw: bytes(byte & 0x1F for byte in raw))


@given(CODES)
def test_any_codes_read_as_the_reference_reads_them(codes: bytes) -> None:
    assert decode(codes) == reference.decode(codes)


@given(ASCII)
def test_what_is_sent_reads_back(text: str) -> None:
    assert reference.decode(encode(text)) == reference.sent(text)
    assert decode(encode(text)) == reference.sent(text)


@given(st.text(st.sampled_from(reference.ALPHABET + "\n"), min_size=1, max_size=80), st.data())
def test_a_lost_character_garbles_no_more_than_the_word_or_eight_after_it(text: str, data: st.DataObject) -> None:
    codes = encode(text)
    lost = data.draw(st.integers(0, len(codes) - 1))
    whole, torn = reference.decode(codes), reference.decode(codes[:lost] + codes[lost + 1 :])
    # The next shift after the loss sets both right: from there on they agree.
    following = next((i for i in range(lost + 1, len(codes)) if codes[i] in (LETTERS, FIGURES)), len(codes))
    assert following - lost <= 8 + 4  # eight characters, and a line's end of two codes at either side
    rest = reference.decode(codes[following:])
    assert whole.endswith(rest) and torn.endswith(rest)
