"""Every message of the host's module survives the wire, and no body that a peer can invent does harm."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.handsets import _link as wire
from tests.link.contracts import LINK

MESSAGES = {m.name: (m, wire.MESSAGES[m.id]) for m in LINK.messages if not m.raw}
bodies = st.binary(max_size=wire.AUDIO_BYTES)


def _values(kind: str, limit: int) -> st.SearchStrategy[Any]:
    if limit and kind.startswith("text"):
        return st.text(st.characters(codec="utf-8"), max_size=limit).filter(lambda s: len(s.encode()) <= limit)
    if limit:
        return st.binary(max_size=limit)
    if kind.startswith("bytes"):
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    return st.integers(0, 2 ** int(kind[1:]) - 1)


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_round_trip(name: str, data: st.DataObject) -> None:
    contract, message_type = MESSAGES[name]
    message = message_type(**{f.name: data.draw(_values(f.kind, f.limit)) for f in contract.fields})
    body = message.encode()
    assert message_type.decode(body) == message
    assert len(body) <= contract.longest


@pytest.mark.parametrize("name", MESSAGES)
@given(body=bodies)
def test_a_hostile_body_raises_wire_error_or_is_a_message(name: str, body: bytes) -> None:
    _, message_type = MESSAGES[name]
    try:
        message = message_type.decode(body)
    except wire.WireError as error:
        assert name in str(error)
    else:
        assert dataclasses.is_dataclass(message)


@pytest.mark.parametrize("name", [name for name, (contract, _) in MESSAGES.items() if contract.fields])
@given(data=st.data())
def test_every_truncation_and_every_surplus_is_refused(name: str, data: st.DataObject) -> None:
    contract, message_type = MESSAGES[name]
    body = message_type(**{f.name: data.draw(_values(f.kind, f.limit)) for f in contract.fields}).encode()
    for wrong in [body[:n] for n in range(len(body))] + [body + b"\x00"]:
        with pytest.raises(wire.WireError, match=name):
            message_type.decode(wrong)


@pytest.mark.parametrize(
    "message",
    [
        wire.Show(256),
        wire.Ping(-1),
        wire.Listen(1 << 32),
        wire.Entry(1, 1, bytes(33)),
        wire.Hello(1, 0, 0, 0, bytes(16), "ä" * 17, ""),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_not_sent(message: wire.Message) -> None:
    with pytest.raises(wire.WireError):
        message.encode()


def test_what_was_dialled_shows_in_no_repr() -> None:
    assert "4711" not in repr(wire.Entry(1, wire.ENTRY_COMPLETE, b"4711"))
