"""What a far end can do with our INVITE, by sipp: each way ends in one event that says so."""

import asyncio
import re
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.detect import Phase, Sign, heard
from kinline_engine.engine import CallEvent, Codec, FarEnd
from kinline_engine.sip import (
    G722,
    PCMA,
    PCMU,
    Answered,
    By,
    Changed,
    Credentials,
    Direction,
    Ended,
    Forwarded,
    LocalMedia,
    OptionsResult,
    Progress,
    Refused,
    SipConfig,
)
from tests.engine.parties import FRAME16, Stage
from tests.peers import scenarios
from tests.peers.scenarios import ACK, INVITE, SDP
from tests.peers.sipp import Sipp
from tests.sip import far_ends
from tests.sip.caller import Caller

WIDE = LocalMedia("127.0.0.1", 40000, (G722, PCMU, PCMA), comfort_noise=True)

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("needs_sipp")]


@pytest.mark.parametrize(
    ("line", "status", "cause"),
    [("486 Busy Here", 486, 17), ("404 Not Found", 404, 1), ("503 Service Unavailable", 503, 34), ("603 Decline", 603, 21)],
)
async def test_a_refusal_ends_the_call_with_its_cause(tmp_path: Path, line: str, status: int, cause: int) -> None:
    with Sipp(scenarios.refuse(line, f"Reason: Q.850;cause={cause}"), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.id, ended.status, ended.by, ended.cause) == (1, status, By.REFUSED, cause)
    assert caller.count(Ended) == 1


@pytest.mark.parametrize("line", ["302 Moved Temporarily", "305 Use Proxy", "301 Moved Permanently"])
async def test_a_redirect_is_never_followed(tmp_path: Path, line: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.setblocking(False)
        contact = f"Contact: <sip:+12025550177@127.0.0.1:{elsewhere.getsockname()[1]}>"
        with Sipp(scenarios.refuse(line, contact), tmp_path) as far:
            async with Caller() as caller:
                caller.invite(far.uri)
                ended = await caller.until(Ended)
                await asyncio.to_thread(far.finish)
        with pytest.raises(BlockingIOError):
            elsewhere.recv(65536)
    assert ended.status == int(line[:3])
    assert ended.by is By.REFUSED


async def test_answer_then_a_late_bye_of_the_far_end(tmp_path: Path) -> None:
    with Sipp(scenarios.answer_then_bye(after=200), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            ringing = await caller.until(Progress)
            answered = await caller.until(Answered)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ringing.status, ringing.media) == (180, None)
    assert answered.media is not None
    assert (answered.media.codec, answered.media.dtmf_payload, answered.media.ptime_ms) == (0, 101, 20)
    assert answered.media.direction is Direction.SENDRECV
    assert ended.by is By.REMOTE


async def test_hanging_up_an_answered_call_sends_bye(tmp_path: Path) -> None:
    with Sipp(scenarios.answer_until_bye(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            caller.endpoint.hangup(1, 16)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert "Q.850;cause=16" in far.messages()
    assert ended.by is By.LOCAL


async def test_hanging_up_a_ringing_call_cancels_it(tmp_path: Path) -> None:
    with Sipp(scenarios.ring_until_cancel(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Progress)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.status, ended.by) == (487, By.LOCAL)
    assert caller.count(Answered) == 0


async def test_cancel_that_crosses_the_answer_leaves_no_call(tmp_path: Path) -> None:
    """The scenario ends well only if the 200 is acknowledged and followed by BYE."""
    with Sipp(scenarios.answer_crossing_cancel(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Progress)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert ended.by is By.LOCAL
    assert caller.count(Answered) == 0
    assert caller.count(Ended) == 1


async def test_early_media_is_told_with_the_183(tmp_path: Path) -> None:
    with Sipp(far_ends.early_media(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            progress = await caller.until(Progress)
            answered = await caller.until(Answered)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert progress.status == 183
    assert progress.media is not None
    assert answered.media == progress.media


async def test_a_183_that_asks_for_prack_gets_it(tmp_path: Path) -> None:
    with Sipp(far_ends.reliable_early_media(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            progress = await caller.until(Progress)
            answered = await caller.until(Answered)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert progress.media is not None
    assert answered.media == progress.media


async def test_forwarding_is_reported(tmp_path: Path) -> None:
    with Sipp(far_ends.forwarded(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            forwarded = await caller.until(Forwarded)
            await caller.until(Answered)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert forwarded.status == 181
    assert "+12025550177" in forwarded.text


async def test_hold_and_resume_are_answered_and_told(tmp_path: Path) -> None:
    with Sipp(far_ends.hold_and_resume(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            held = await caller.until(Changed)
            resumed = await caller.until(Changed)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert "a=recvonly" in far.messages()
    assert (held.media.direction, held.media.held) == (Direction.SENDONLY, True)
    assert (resumed.media.direction, resumed.media.held) == (Direction.SENDRECV, False)
    assert ended.by is By.REMOTE


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("how", ["inactive", "null address", "of the session"])
async def test_the_ways_to_hold(tmp_path: Path, method: str, how: str) -> None:
    """RFC 3264 §8.4, and as RFC 2543 said it; a direction above the media lines is that of all of them."""
    again = SDP.replace("o=far 1 1", "o=far 1 2")
    offer, answer = {
        "inactive": (again + "a=inactive\n", "a=inactive"),
        "null address": (again.replace("[media_ip]", "0.0.0.0"), "a=recvonly"),
        "of the session": (again.replace("m=audio", "a=sendonly\nm=audio"), "a=recvonly"),
    }[how]
    with Sipp(far_ends.offers_again((method, offer, "200")), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            changed = await caller.until(Changed)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert answer in far.messages()
    assert changed.media.held and changed.media.port
    assert (changed.media.ip == "0.0.0.0") is (how == "null address")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_an_offer_of_ipv6_is_refused_and_changes_nothing(tmp_path: Path, method: str) -> None:
    """Media is spoken over IPv4 only: what cannot be carried is not agreed to."""
    elsewhere = SDP.replace("o=far 1 1", "o=far 1 2").replace("c=IN IP4 [media_ip]", "c=IN IP6 2001:db8::1")
    with Sipp(far_ends.offers_again((method, elsewhere, "488")), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            refused = await caller.until(Refused)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert 'Warning: 301 kinline "media is spoken over IPv4 only here"' in far.messages()
    assert (refused.status, refused.method, ended.by, caller.count(Changed)) == (488, method, By.REMOTE, 0)


async def test_an_answer_of_ipv6_is_hung_up(tmp_path: Path) -> None:
    elsewhere = SDP.replace("c=IN IP4 [media_ip]", "c=IN IP6 2001:db8::1")
    answer = far_ends.scenario(
        INVITE, far_ends.TRYING, far_ends.reply("200 OK", body=elsewhere, repeat=True), ACK, far_ends.BYE_FROM_CALLER
    )
    with Sipp(answer, tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.status, ended.by, caller.count(Answered)) == (488, By.FAULT, 0)
    assert ended.phrase == "Answered without media that we can use: media is spoken over IPv4 only here"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_another_coding_in_mid_call_is_answered_and_told(tmp_path: Path, method: str) -> None:
    wide = far_ends.codings("9 13 101", "9 G722/8000", "13 CN/8000")
    with Sipp(far_ends.offers_again((method, wide, "200")), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=WIDE)
            answered = await caller.until(Answered)
            changed = await caller.until(Changed)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert "m=audio 40000 RTP/AVP 9 13 101" in far.messages().rpartition("SIP/2.0 200 OK")[0]
    assert answered.media is not None
    assert (answered.media.codec, answered.media.comfort_payload) == (PCMU, None)
    assert (changed.media.codec, changed.media.payload, changed.media.comfort_payload) == (G722, 9, 13)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_an_offer_in_mid_call_of_nothing_we_speak_is_refused_and_changes_nothing(tmp_path: Path, method: str) -> None:
    """RFC 3261 §14.2, RFC 3311 §5.2: with 488 and what would be spoken; the call goes on, and takes a better offer."""
    useless, wide = far_ends.codings("18 101", "18 G729/8000"), far_ends.codings("9 101", "9 G722/8000", version=3)
    with Sipp(far_ends.offers_again((method, useless, "488"), (method, wide, "200")), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=WIDE)
            await caller.until(Answered)
            refused = await caller.until(Refused)
            changed = await caller.until(Changed)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert "No coding offered that is spoken here" in far.messages()
    assert (refused.status, refused.method, ended.by) == (488, method, By.REMOTE)
    assert (caller.count(Changed), changed.media.codec) == (1, G722)


async def test_an_update_without_an_offer_is_answered_and_changes_nothing(tmp_path: Path) -> None:
    with Sipp(far_ends.offers_again(("UPDATE", "", "200")), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.by, caller.count(Changed), caller.count(Refused)) == (By.REMOTE, 0, 0)


@pytest.mark.parametrize(
    ("codecs", "formats"), [((G722, PCMU, PCMA), "9 0 8 101"), ((PCMA, G722), "8 9 101"), ((PCMU,), "0 101")], ids=str
)
async def test_codings_are_offered_in_our_order(tmp_path: Path, codecs: tuple[int, ...], formats: str) -> None:
    with Sipp(scenarios.refuse("486 Busy Here"), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=LocalMedia("127.0.0.1", 40000, codecs))
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert f"m=audio 40000 RTP/AVP {formats}\n" in far.messages()


async def test_a_hook_flash_is_asked_for_and_heard(tmp_path: Path) -> None:
    """A far end sends no event that the offer does not name (RFC 4733 §2.4.1); this one's switch reports a flash."""
    flash = 16
    with Stage(far_end=False) as stage, Sipp(far_ends.answer_at(stage.far.end.port), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=LocalMedia("127.0.0.1", stage.engine.rtp_port))
            media = (await caller.until(Answered)).media
            assert media is not None and media.dtmf_payload is not None
            asked = re.search(rf"a=fmtp:{media.dtmf_payload} 0-(\d+)", far.messages())
            stage.call.set_far(FarEnd(media.ip, media.port, Codec(media.codec), media.payload, media.dtmf_payload))
            stage.call.gate(True)
            stage.call.listen(Phase.TALK)
            if asked and flash <= int(asked[1]):
                event = struct.pack("!BBH", flash, 0x80 | 10, 160)
                stage.far.send(stage.far.packet(event, media.dtmf_payload, marker=True))
            stage.period(np.zeros(FRAME16, np.int16), None)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert [heard(event).sign for event in stage.drain() if event.kind == CallEvent.SIGN] == [Sign.FLASH]


async def test_a_transfer_inside_the_call_is_refused_and_counted(tmp_path: Path) -> None:
    with Sipp(far_ends.refer(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            refused = await caller.until(Refused)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (refused.method, refused.count) == ("REFER", 1)
    assert ended.by is By.LOCAL


async def test_the_right_password_answers_a_challenge(tmp_path: Path) -> None:
    with Sipp(far_ends.challenge(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, credentials=Credentials("kinline", "correct horse"))
            await caller.until(Answered)
            caller.endpoint.hangup(1)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)


async def test_a_wrong_password_ends_as_credentials_and_is_tried_once(tmp_path: Path) -> None:
    with Sipp(far_ends.challenge(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, credentials=Credentials("kinline", "wrong"))
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        assert far.messages().count("Authorization: Digest") == 1
    assert (ended.status, ended.by) == (401, By.CREDENTIALS)


@pytest.mark.parametrize("credentials", [None, Credentials("kinline", "correct horse")])
async def test_a_challenge_that_we_cannot_answer_ends_as_credentials(tmp_path: Path, credentials: Credentials | None) -> None:
    """Without credentials, or asked for a hash that this stack has not."""
    with Sipp(far_ends.challenge("SHA-256", then_answer=False), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, credentials=credentials)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert ended.by is By.CREDENTIALS


async def test_an_answer_without_usable_media_is_hung_up(tmp_path: Path) -> None:
    with Sipp(far_ends.answer_without_media(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.status, ended.by) == (488, By.FAULT)
    assert caller.count(Answered) == 0


async def test_a_far_end_that_never_answers_times_out(tmp_path: Path) -> None:
    with Sipp(scenarios.never_answer(), tmp_path) as far:
        async with Caller(SipConfig("127.0.0.1", give_up_after_s=1.5)) as caller:
            caller.invite(far.uri)
            ended = await caller.until(Ended)
    assert (ended.status, ended.by) == (408, By.TIMEOUT)


async def test_hanging_up_on_a_far_end_that_never_answers(tmp_path: Path) -> None:
    """Nothing came back, so there is nothing to cancel: our patience ends the call, as ours."""
    with Sipp(scenarios.never_answer(), tmp_path) as far:
        async with Caller(SipConfig("127.0.0.1", give_up_after_s=1.5)) as caller:
            caller.invite(far.uri)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
    assert ended.by is By.LOCAL


async def test_a_dead_far_end_does_not_hold_up_the_shutdown(tmp_path: Path) -> None:
    with Sipp(far_ends.answer_and_vanish(), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            far.program.stop()
    ended = caller.seen[-1]
    assert isinstance(ended, Ended)
    assert ended.by is By.LOCAL


async def test_options_find_a_live_far_end(tmp_path: Path) -> None:
    answer = far_ends.scenario('<recv request="OPTIONS"/>\n', far_ends.reply("200 OK"))
    with Sipp(answer, tmp_path) as far:
        async with Caller() as caller:
            caller.endpoint.options(5, far.uri)
            result = await caller.until(OptionsResult)
            await asyncio.to_thread(far.finish)
    assert (result.id, result.status, result.alive) == (5, 200, True)
