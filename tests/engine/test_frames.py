"""The C framing against the golden vectors, whole and in pieces, and against anything at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline_engine.frame import Frame, Keys, Receiver, seal

VECTORS = json.loads((Path(__file__).parents[2] / "hw/vectors.json").read_text())
SECRETS = {name: bytes.fromhex(value) for name, value in VECTORS["keys"].items()}
EPOCH = VECTORS["epoch"]


def keys(direction: str) -> Keys:
    return Keys(SECRETS[f"{direction}_cipher"], SECRETS[f"{direction}_tag"])


def receiver(direction: str = "d2h") -> Receiver:
    rx = Receiver()
    rx.install(EPOCH, SECRETS[f"{direction}_cipher"], SECRETS[f"{direction}_tag"])
    return rx


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda v: f"{v['direction']}-{v['type']:#04x}")
def test_golden_frame_is_made_and_taken(vector: dict[str, Any]) -> None:
    text, wire = bytes.fromhex(vector["text"]), bytes.fromhex(vector["wire"])
    direction = vector["direction"]
    assert seal(vector["type"], text, vector["sequence"], vector["epoch"], keys(direction)) == wire
    assert receiver(direction).feed(wire) == [Frame(vector["type"], vector["epoch"], vector["sequence"], text)]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("stream", VECTORS["streams"], ids=lambda v: v["name"])
def test_golden_stream(stream: dict[str, Any], piece: int) -> None:
    wire, rx = bytes.fromhex(stream["wire"]), receiver()
    frames = [frame for at in range(0, len(wire), piece) for frame in rx.feed(wire[at : at + piece])]
    assert [{"type": f.type, "sequence": f.sequence, "text": f.text.hex()} for f in frames] == stream["delivered"]
    assert rx.counters.refused == stream["refused"]


def test_pending_keys_wait_for_their_first_frame() -> None:
    rx = receiver()
    old, new = keys("d2h"), Keys(b"c" * 32, b"t" * 32)
    assert rx.feed(seal(0x22, b"1", 1, EPOCH, old))
    rx.install(EPOCH + 1, b"c" * 32, b"t" * 32)
    assert rx.feed(seal(0x22, b"2", 2, EPOCH, old)) and rx.epoch == EPOCH
    assert rx.feed(seal(0x22, b"3", 1, EPOCH + 1, new)) and rx.epoch == EPOCH + 1
    assert not rx.feed(seal(0x22, b"4", 3, EPOCH, old))
    assert rx.counters.refused == {"epoch": 1}


def test_pending_keys_that_share_the_epoch_in_force() -> None:
    rx = receiver()
    assert rx.feed(seal(0x22, b"1", 1, EPOCH, keys("d2h")))
    rx.install(EPOCH, b"c" * 32, b"t" * 32)
    assert rx.feed(seal(0x22, b"2", 2, EPOCH, keys("d2h")))
    assert rx.feed(seal(0x22, b"3", 1, EPOCH, Keys(b"c" * 32, b"t" * 32)))
    assert not rx.feed(seal(0x22, b"4", 3, EPOCH, keys("d2h")))


def test_forgotten_keys_open_nothing() -> None:
    rx = receiver()
    assert rx.feed(seal(0x22, b"1", 1, EPOCH, keys("d2h")))
    rx.forget()
    assert not rx.feed(seal(0x22, b"2", 2, EPOCH, keys("d2h"))) and rx.epoch == 0


@pytest.mark.parametrize(("kind", "length"), [(0x10, 639), (0x10, 641), (0x22, 257), (0x01, 257)])
def test_text_that_the_contract_forbids_is_not_framed(kind: int, length: int) -> None:
    with pytest.raises(ValueError, match="cannot be framed"):
        seal(kind, bytes(length), 1, EPOCH, keys("d2h"))


def test_sealing_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="keys"):
        seal(0x22, b"", 1, EPOCH)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.binary(max_size=8).map(lambda b: b"K\xd7" + b),
            st.tuples(st.sampled_from([0x01, 0x12, 0x22]), st.binary(max_size=256), st.integers(0, 60)),
        ),
        max_size=12,
    ),
    st.integers(1, 50),
)
def test_pieces_change_nothing(parts: list[Any], piece: int) -> None:
    sealer = keys("d2h")
    wire = b"".join(p if isinstance(p, bytes) else seal(p[0], p[1], p[2], EPOCH, sealer) for p in parts)
    whole, slow = receiver(), receiver()
    frames = whole.feed(wire)
    assert frames == [f for at in range(0, len(wire), piece) for f in slow.feed(wire[at : at + piece])]
    assert whole.counters == slow.counters
