"""What reaches the daemon's endpoint from outside: refused, counted, and never its undoing."""

import asyncio
import itertools
import random
import socket
from collections.abc import AsyncIterator

import pytest

from kinline_engine.sip import Incoming, OptionsResult, Refused, SipConfig
from tests.sip.caller import PATIENCE_S, Caller

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
SEED = 20261123


class Stranger:
    """A UDP socket that sends what it likes and reads the answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port))
        self.calls = 0

    def request(self, method: str, body: str = "", *headers: str, encoding: str = "ascii") -> bytes:
        self.calls += 1
        own = f"127.0.0.1:{self.socket.getsockname()[1]}"
        lines = [
            f"{method} sip:+12025550199@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{self.calls}{method}",
            "Max-Forwards: 70",
            "From: <sip:+12025550155@127.0.0.1>;tag=a1",
            "To: <sip:+12025550199@127.0.0.1>",
            f"Call-ID: {self.calls}.{method}@{own}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{own}>",
            *headers,
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(encoding)

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    async def final_status(self) -> int:
        """The status of the next answer that is not provisional."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
                # What looks like STUN gets a STUN error.
                if answer.startswith(b"SIP/2.0 ") and int(answer.split()[1]) >= 200:
                    return int(answer.split()[1])


@pytest.fixture
async def daemon() -> AsyncIterator[Caller]:
    async with Caller(SipConfig("127.0.0.1")) as caller:
        yield caller


@pytest.fixture
def stranger(daemon: Caller) -> Stranger:
    return Stranger(daemon.endpoint.port)


async def assert_alive(daemon: Caller, stranger: Stranger) -> None:
    stranger.send(stranger.request("OPTIONS"))
    assert await stranger.final_status() == 200


async def test_an_inbound_call_is_forbidden_and_counted(daemon: Caller, stranger: Stranger) -> None:
    for count in (1, 2):
        stranger.send(stranger.request("INVITE", SDP))
        assert await stranger.final_status() == 403
        refused = await daemon.until(Refused)
        assert (refused.method, refused.status, refused.count) == ("INVITE", 403, count)
        assert refused.from_uri == "sip:+12025550155@127.0.0.1"
    assert daemon.count(Incoming) == 0


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("REFER", "Refer-To: <sip:+12025550177@127.0.0.1>"),
        ("NOTIFY", "Event: message-summary"),
        ("MESSAGE", "Subject: hello"),
        ("SUBSCRIBE", "Event: presence"),
        ("INFO", "Subject: hello"),
        ("PUBLISH", "Event: presence"),
        ("REGISTER", "Expires: 60"),
        ("FROBNICATE", "Subject: hello"),
    ],
)
async def test_unsolicited_requests_are_refused_and_counted(daemon: Caller, stranger: Stranger, method: str, header: str) -> None:
    stranger.send(stranger.request(method, "", header))
    status = await stranger.final_status()
    refused = await daemon.until(Refused)
    assert status in (405, 481, 501)
    assert refused.method == method
    await assert_alive(daemon, stranger)


async def test_an_invite_into_a_call_that_does_not_exist(daemon: Caller, stranger: Stranger) -> None:
    stranger.send(stranger.request("INVITE", SDP).replace(b"To: <sip:+12025550199@127.0.0.1>", b"To: <sip:x@127.0.0.1>;tag=9"))
    assert await stranger.final_status() in (403, 481)
    await assert_alive(daemon, stranger)


HOSTILE = [
    b"",
    b"\r\n\r\n",
    b"\0" * 1400,
    bytes(range(256)) * 5,
    b"INVITE sip: SIP/2.0\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999999\r\n\r\nx",
    b"INVITE sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\nx",
    b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
    b"SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nContact: <sip:x@127.0.0.1>\r\nCSeq: 1 INVITE\r\n\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"Via: SIP/2.0/UDP 127.0.0.1\r\n" * 1000 + b"\r\n",
    b"A" * 60_000,
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
async def test_garbage_does_no_harm(daemon: Caller, stranger: Stranger, data: bytes) -> None:
    stranger.send(data)
    await assert_alive(daemon, stranger)


async def test_a_flood_leaves_room_for_other_events(daemon: Caller, stranger: Stranger) -> None:
    for _ in range(40):
        for _ in range(50):
            stranger.send(stranger.request("REFER"))
        await assert_alive(daemon, Stranger(daemon.endpoint.port))
    told = daemon.count(Refused)
    await asyncio.sleep(1.1)  # the limit is by the second
    stranger.send(stranger.request("REFER"))
    daemon.seen.clear()
    while (last := await daemon.until(Refused)) not in daemon.seen:
        pass
    assert last.count > told
    assert daemon.bus.dropped == 0


@pytest.mark.parametrize("line", ["m=audio 4000 XYZ \xe9", "m=audio 4000 RT\xaa/AVP 31", " m=x 1 y /", "m=audio 1 A ("])
async def test_a_body_that_would_loop_the_parser_is_removed(daemon: Caller, stranger: Stranger, line: str) -> None:
    """Each made the stack's SDP parser allocate without end."""
    body = SDP + line + "\r\n"
    stranger.send(stranger.request("INVITE", body, encoding="latin-1"))
    assert (await daemon.until(Refused)).status == 488
    assert (await daemon.until(Refused)).status == 403
    assert await stranger.final_status() == 403


async def tcp_status(port: int, *pieces: bytes) -> int:
    """The final status of a request that comes in pieces, each a segment of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.002)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            line = await reader.readline()
            if line.startswith(b"SIP/2.0 ") and int(line.split()[1]) >= 200:
                writer.close()
                return int(line.split()[1])


@pytest.mark.parametrize("size", [1, 7, 100, 450])
async def test_a_body_in_pieces_is_read_whole(size: int) -> None:
    async with Caller(SipConfig("127.0.0.1", accept_inbound=True)) as switch:
        raw = Stranger(switch.endpoint.port).request("INVITE", SDP).replace(b"/UDP", b"/TCP")
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        answer = asyncio.create_task(tcp_status(switch.endpoint.port, *pieces))
        incoming = await switch.until(Incoming)
        assert incoming.media is not None
        assert incoming.media.port == 41000
        switch.endpoint.hangup(incoming.id, 17)
        assert await answer == 486


@pytest.mark.parametrize("cuts", [[0], [0, 50], [0, 50, 90], [-10]])
async def test_a_looping_body_in_pieces_is_removed_too(daemon: Caller, stranger: Stranger, cuts: list[int]) -> None:
    body = SDP + "m=audio 4000 XYZ \xe9\r\n"
    raw = stranger.request("INVITE", body, encoding="latin-1").replace(b"/UDP", b"/TCP")
    at = [0, *[len(raw) - len(body) + cut for cut in cuts], len(raw)]
    pieces = [raw[start:end] for start, end in itertools.pairwise(at)]
    assert await tcp_status(daemon.endpoint.port, *pieces) == 403
    assert (await daemon.until(Refused)).status == 488
    await assert_alive(daemon, stranger)


async def test_an_endless_body_closes_the_connection(daemon: Caller, stranger: Stranger) -> None:
    raw = stranger.request("INVITE", SDP).replace(b"Content-Length: ", b"Content-Length: 1000")
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.endpoint.port)
    writer.write(raw)
    async with asyncio.timeout(PATIENCE_S):
        while await reader.read(65536):
            pass
    writer.close()
    await assert_alive(daemon, stranger)


async def test_mutated_requests_do_no_harm(daemon: Caller, stranger: Stranger) -> None:
    """Cut, spliced and flipped messages; the endpoint answers a sound one after every hundred."""
    rng = random.Random(SEED)
    methods = ["INVITE", "OPTIONS", "REFER", "CANCEL", "ACK", "BYE", "UPDATE", "PRACK"]
    for step in range(2000):
        raw = bytearray(stranger.request(rng.choice(methods), SDP))
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(raw))
            match rng.randrange(4):
                case 0:
                    raw[at] = rng.randrange(256)
                case 1:
                    del raw[at : at + rng.randrange(40)]
                case 2:
                    raw[at:at] = raw[: rng.randrange(60)]
                case _:
                    raw[at:at] = rng.randbytes(rng.randrange(20))
        stranger.send(bytes(raw))
        if step % 100 == 99:
            fresh = Stranger(daemon.endpoint.port)
            await assert_alive(daemon, fresh)


async def test_garbage_over_tcp_does_no_harm(daemon: Caller, stranger: Stranger) -> None:
    for data in HOSTILE:
        _, writer = await asyncio.open_connection("127.0.0.1", daemon.endpoint.port)
        writer.write(data)
        writer.close()
    await assert_alive(daemon, stranger)


async def test_a_probe_of_a_closed_port_fails(daemon: Caller) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    daemon.endpoint.options(3, f"sip:127.0.0.1:{port}")
    result = await daemon.until(OptionsResult)
    assert not result.alive


async def test_a_caller_that_offers_nothing_we_speak_gets_488() -> None:
    async with Caller(SipConfig("127.0.0.1", accept_inbound=True)) as switch:
        stranger = Stranger(switch.endpoint.port)
        stranger.send(stranger.request("INVITE", SDP.replace("AVP 0", "AVP 18").replace("0 PCMU", "18 G729")))
        assert await stranger.final_status() == 488
        assert (await switch.until(Refused)).status == 488
        assert switch.count(Incoming) == 0
