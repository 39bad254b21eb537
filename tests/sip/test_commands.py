"""Commands that cannot be carried out are refused before anything is sent; payloads are read exactly."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Bus, Event
from kinline_engine.sip import (
    INBOUND_ID,
    Answered,
    By,
    Direction,
    Ended,
    LocalMedia,
    SipConfig,
    SipEndpoint,
    SipError,
    decode,
    fields,
)
from tests.sip.caller import FROM, MEDIA, Caller

TARGET = "sip:+12025550123@127.0.0.1:9"


@pytest.fixture
def endpoint() -> SipEndpoint:
    bus = Bus()
    with SipEndpoint(bus, SipConfig("127.0.0.1")) as endpoint:
        yield endpoint
    bus.close()


@pytest.mark.parametrize("text", ['a"b', "a\r\nX: y", "a\\", "<x>", "x" * 256, "a\0b", "\x7f"])
def test_text_that_would_leave_its_header_is_refused(endpoint: SipEndpoint, text: str) -> None:
    with pytest.raises(SipError):
        endpoint.invite(1, TARGET, from_uri=FROM, media=MEDIA, display=text)
    with pytest.raises(SipError):
        endpoint.invite(1, f"sip:{text}@127.0.0.1", from_uri=FROM, media=MEDIA)
    with pytest.raises(SipError):
        endpoint.options(1, text)


@pytest.mark.parametrize(
    "media",
    [
        LocalMedia("127.0.0.1", 0),
        LocalMedia("nowhere", 4000),
        LocalMedia("127.0.0.1", 4000, codecs=()),
        LocalMedia("127.0.0.1", 4000, codecs=(0, 18)),
        LocalMedia("127.0.0.1", 4000, codecs=(0,) * 5),
    ],
)
def test_media_that_cannot_be_offered_is_refused(endpoint: SipEndpoint, media: LocalMedia) -> None:
    with pytest.raises(SipError):
        endpoint.invite(1, TARGET, from_uri=FROM, media=media)


@pytest.mark.parametrize("id", [0, INBOUND_ID, INBOUND_ID + 7])
def test_ids_of_inbound_calls_cannot_be_chosen(endpoint: SipEndpoint, id: int) -> None:
    with pytest.raises(SipError):
        endpoint.invite(id, TARGET, from_uri=FROM, media=MEDIA)


def test_a_port_in_use_is_named() -> None:
    bus = Bus()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(SipError, match=str(port)):
            SipEndpoint(bus, SipConfig("127.0.0.1", port))
    bus.close()


def test_a_closed_endpoint_refuses_commands() -> None:
    bus = Bus()
    endpoint = SipEndpoint(bus, SipConfig("127.0.0.1"))
    endpoint.close()
    endpoint.close()
    with pytest.raises(SipError, match="closed"):
        endpoint.hangup(1)
    bus.close()


def test_hanging_up_a_call_that_is_gone_is_no_error(endpoint: SipEndpoint) -> None:
    endpoint.hangup(77)


async def test_every_call_ends_once_when_the_endpoint_closes() -> None:
    async with Caller() as caller:
        for id in range(1, 40):
            caller.invite(TARGET, id)
    ended = [event.id for event in caller.seen if isinstance(event, Ended)]
    assert sorted(ended) == list(range(1, 40))


def event(kind: int, data: bytes, code: int = 200) -> Event:
    return Event(source=lib.KL_SRC_SIP, kind=kind, id=9, code=code, mono_ns=1, data=data)


def test_an_event_payload_is_decoded() -> None:
    media = struct.pack("<HBBBBBBHBB", 40000, 8, 8, 255, 3, 20, 13, 40001, 0, 0) + b"192.0.2.7"
    payload = bytes([lib.KL_SIP_F_MEDIA, len(media)]) + media
    answered = decode(event(lib.KL_SIP_ANSWERED, payload))
    assert isinstance(answered, Answered)
    assert answered.media is not None
    assert (answered.media.ip, answered.media.port, answered.media.codec) == ("192.0.2.7", 40000, 8)
    assert (answered.media.dtmf_payload, answered.media.comfort_payload) == (None, 13)
    assert (answered.media.rtcp_port, answered.media.crypto) == (40001, None)
    assert answered.media.direction is Direction.SENDRECV
    gone = decode(event(lib.KL_SIP_ENDED, bytes([lib.KL_SIP_F_BY, 1, 2, lib.KL_SIP_F_CAUSE, 2, 0x10, 0])))
    assert isinstance(gone, Ended)
    assert (gone.by, gone.cause) == (By.REMOTE, 16)


@given(st.binary(max_size=600))
def test_any_payload_splits_or_is_refused(data: bytes) -> None:
    try:
        found = fields(data)
    except ValueError:
        return
    assert all(len(value) <= 255 for value in found.values())


def read_sdp(body: bytes) -> tuple[str, int, int, int, int] | None:
    media, ip = ffi.new("kl_sip_media_field *"), ffi.new("char[64]")
    if lib.kl_sip_sdp_read(body, len(body), media, ip, 64):
        return None
    return ffi.string(ip).decode(), media.port, media.payload, media.dtmf_payload, media.direction


BASE = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (b"m=audio 4000 RTP/AVP 0\r\n", ("192.0.2.1", 4000, 0, 255, 3)),
        (b"m=audio 4000 RTP/AVP 18 8 96\r\na=rtpmap:96 telephone-event/8000\r\n", ("192.0.2.1", 4000, 8, 96, 3)),
        (b"m=audio 4000 RTP/AVP 97\r\nc=IN IP4 192.0.2.9\r\na=rtpmap:97 pcmu/8000/1\r\n", ("192.0.2.9", 4000, 97, 255, 3)),
        (b"m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", ("192.0.2.1", 4000, 0, 255, 0)),
        (b"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", ("0.0.0.0", 4000, 0, 255, 0)),
        (b"m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n", ("192.0.2.1", 4000, 0, 255, 3)),
        (b"m=audio 0 RTP/AVP 0\r\n", None),
        (b"m=audio 4000 RTP/SAVP 0\r\n", None),
        (b"m=audio 4000 RTP/AVP 18\r\n", None),
        (b"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 evil.example\r\n", None),
        (b"m=audio 70000 RTP/AVP 0\r\n", None),
        (b"", None),
    ],
)
def test_session_descriptions(media: bytes, expected: tuple[str, int, int, int, int] | None) -> None:
    assert read_sdp(BASE + media) == expected


@given(st.binary(max_size=400))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    read_sdp(body)
    read_sdp(BASE + b"m=audio 4000 RTP/AVP 0\r\n" + body)
