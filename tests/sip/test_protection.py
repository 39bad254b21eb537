"""Keys in session descriptions (RFC 4568): what is offered, answered, taken and refused."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.sip import Answered, By, Changed, Ended, LocalMedia, Protection, Refused, SipError
from kinline_engine.srtp import Suite
from kinline_sim import speech
from kinline_sim.listening import correlate
from kinline_sim.parties import Accept
from kinline_sim.rtp import RATE, RtpEnd
from kinline_sim.switch import Switch
from tests.peers import scenarios
from tests.peers.sipp import Sipp
from tests.sip import far_ends
from tests.sip.caller import Caller

CM, GCM = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_128_GCM
NONE, OPPORTUNISTIC, REQUIRED = Protection.NONE, Protection.OPPORTUNISTIC, Protection.REQUIRED
NUMBER = "+12025550123"
KEY = {suite: base64.b64encode(bytes(range(suite.key_bytes))).decode() for suite in Suite}


def media(protection: Protection, *suites: Suite, port: int = 40000) -> LocalMedia:
    return LocalMedia("127.0.0.1", port, protection=protection, suites=suites or (GCM, CM), rtcp_mux=True)


# ---- one line ----


def read_line(value: bytes) -> tuple[int, int, bytes] | str:
    """Tag, suite and key of a sound line, or why it cannot be used."""
    tag, suite = ffi.new("uint32_t *"), ffi.new("uint8_t *")
    key, why = ffi.new("uint8_t[30]"), ffi.new("char[100]")
    if lib.kl_sip_crypto_read(value, tag, suite, key, why, 100):
        return str(ffi.string(why).decode())
    return tag[0], suite[0], bytes(key)[: Suite(suite[0]).key_bytes]


@pytest.mark.parametrize(
    "rest",
    ["", "|2^20", "|2^48", "|1048576", "|281474976710656", " WSH=64", "|2^31 WSH=1024 -x", " -anything=1"],
)
@pytest.mark.parametrize("suite", list(Suite), ids=lambda suite: suite.name)
def test_lines_that_are_taken(suite: Suite, rest: str) -> None:
    read = read_line(f"7 {suite.name} inline:{KEY[suite]}{rest}".encode())
    assert read == (7, suite, bytes(range(suite.key_bytes)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "tag"),
        ("x AES_CM_128_HMAC_SHA1_80 inline:{cm}", "tag"),
        ("01 AES_CM_128_HMAC_SHA1_80 inline:{cm}", "tag"),
        ("1234567890 AES_CM_128_HMAC_SHA1_80 inline:{cm}", "tag"),
        ("1", "suite"),
        ("1 AES_CM_128_HMAC_SHA1_32 inline:{cm}", "suite"),
        ("1 aes_cm_128_hmac_sha1_80 inline:{cm}", "suite"),
        ("1 AES_CM_128_HMAC_SHA1_80", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 uri:{cm}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}A", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{short}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{url}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{padded}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{gcm}", "key is malformed"),
        ("1 AEAD_AES_128_GCM inline:{loose}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80  inline:{cm}", "key is malformed"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|", "lifetime"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|2^", "lifetime"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|2^49", "lifetime"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|281474976710657", "lifetime"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|-5", "lifetime"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|2^10", "wear out"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|100", "wear out"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|1:4", "MKI"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm}|2^31|1:1", "MKI"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm};inline:{cm}", "several keys"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm} UNENCRYPTED_SRTP", "less or other"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm} UNENCRYPTED_SRTCP", "less or other"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm} UNAUTHENTICATED_SRTP", "less or other"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm} KDR=1", "less or other"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:{cm} ", "less or other"),
    ],
)
def test_lines_that_are_refused(line: str, why: str) -> None:
    cm, gcm = KEY[CM], KEY[GCM]
    # What is left over of the last character of a key of 28 bytes must be zero; here it is not.
    loose = gcm[:37] + chr(ord(gcm[37]) + 1) + "=="
    value = line.format(cm=cm, gcm=gcm, short=cm[:39], url=cm[:39] + "-", padded=cm[:38] + "==", loose=loose)
    read = read_line(value.encode())
    assert isinstance(read, str) and why in read


@given(st.sampled_from(list(Suite)), st.binary(min_size=30, max_size=30))
def test_every_key_is_read_as_it_was_written(suite: Suite, key: bytes) -> None:
    text = base64.b64encode(key[: suite.key_bytes])
    assert read_line(b"1 " + suite.name.encode() + b" inline:" + text) == (1, suite, key[: suite.key_bytes])


@given(st.text(alphabet="01 9^|:;=+/ABCinline_-.\t\x00é", max_size=120))
def test_any_line_is_read_or_refused(text: str) -> None:
    read = read_line(("1 AES_CM_128_HMAC_SHA1_80 inline:" + text).encode())
    assert isinstance(read, str) or len(read[2]) == CM.key_bytes


# ---- both ends ours ----


@contextlib.asynccontextmanager
async def call(ours: Protection, theirs: Protection, *suites: Suite) -> AsyncIterator[tuple[Caller, RtpEnd, Switch]]:
    """A call that is up, or has been refused."""
    audio = RtpEnd("127.0.0.1", seed=5)
    await audio.start()
    async with (
        Switch(numbers={NUMBER: Accept()}, protection=theirs) as switch,
        Caller() as caller,
    ):
        caller.invite(switch.uri(NUMBER), media=media(ours, *suites, port=audio.port))
        yield caller, audio, switch
    await audio.close()


@pytest.mark.parametrize(
    ("caller_wants", "switch_wants", "suite"),
    [
        (NONE, NONE, None),
        (NONE, OPPORTUNISTIC, None),
        (NONE, REQUIRED, 488),
        (OPPORTUNISTIC, NONE, None),
        (OPPORTUNISTIC, OPPORTUNISTIC, GCM),
        (OPPORTUNISTIC, REQUIRED, 488),
        (REQUIRED, NONE, 488),
        (REQUIRED, OPPORTUNISTIC, GCM),
        (REQUIRED, REQUIRED, GCM),
    ],
)
async def test_what_two_ends_agree_on(caller_wants: Protection, switch_wants: Protection, suite: Suite | int | None) -> None:
    async with call(caller_wants, switch_wants) as (caller, _, switch):
        if suite == 488:
            ended = await caller.until(Ended)
            assert (ended.status, ended.by) == (488, By.REFUSED)
            return
        answered = await caller.until(Answered)
        assert answered.media is not None
        assert (answered.media.crypto.suite if answered.media.crypto else None) is suite
        caller.endpoint.hangup(1)
        record = await switch.finished()
    assert record.srtp == (Suite(suite).name if suite else None)


@pytest.mark.parametrize("suite", list(Suite), ids=lambda suite: suite.name)
async def test_a_protected_call_is_heard_both_ways(suite: Suite) -> None:
    async with call(REQUIRED, REQUIRED, suite) as (caller, audio, switch):
        answered = await caller.until(Answered)
        assert answered.media is not None and answered.media.crypto is not None
        assert answered.media.crypto.suite is suite
        assert answered.media.crypto.send_key.hex() not in repr(answered)
        audio.aim(answered.media)
        words = speech.speech(2.0, seed=4, speaker="caller")
        await audio.say(words)
        await audio.say(np.zeros(3 * RATE, np.int16))  # now the party presses its key and speaks
        caller.endpoint.hangup(1)
        record = await switch.finished()
    assert audio.unauthentic == audio.malformed == 0
    assert correlate(words[:RATE], record.heard.pcm, RATE).correlation > 0.95
    assert correlate(audio.heard.pcm[-2 * RATE :], record.sent.pcm, RATE).correlation > 0.9


async def test_keys_are_never_the_same_twice() -> None:
    keys = []
    for _ in range(2):
        async with call(REQUIRED, REQUIRED) as (caller, _, _):
            answered = await caller.until(Answered)
            assert answered.media is not None and answered.media.crypto is not None
            keys += [answered.media.crypto.send_key, answered.media.crypto.receive_key]
    assert len(set(keys)) == 4


async def test_protection_needs_a_suite() -> None:
    async with Caller() as caller:
        with pytest.raises(SipError, match="suites"):
            caller.invite("sip:127.0.0.1:9", media=LocalMedia("127.0.0.1", 40000, protection=REQUIRED, suites=()))


# ---- foreign far ends ----


def body(*lines: str, profile: str = "RTP/SAVP", version: int = 1) -> str:
    """A far end's session description with these a=crypto values."""
    text = scenarios.SDP.replace("RTP/AVP", profile).replace("o=far 1 1", f"o=far 1 {version}")
    return text + "".join(f"a=crypto:{line}\n" for line in lines)


def line(suite: Suite = CM, tag: int = 1, key: str = "") -> str:
    return f"{tag} {suite.name} inline:{key or KEY[suite]}"


def answers(description: str) -> str:
    return far_ends.scenario(
        scenarios.INVITE, far_ends.TRYING, far_ends.reply("200 OK", body=description, repeat=True), scenarios.ACK,
        far_ends.BYE_FROM_CALLER,
    )  # fmt: skip


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
@pytest.mark.parametrize(
    ("wants", "description", "why"),
    [
        (REQUIRED, body(profile="RTP/AVP"), "RTP/AVP, and RTP/SAVP is required"),
        (REQUIRED, body(line(), profile="RTP/AVP"), "RTP/AVP, and RTP/SAVP is required"),
        (REQUIRED, body(), "without a=crypto"),
        (REQUIRED, body(f"1 {CM.name} inline:AAAA"), "key is malformed"),
        (REQUIRED, body(f"1 AES_CM_128_HMAC_SHA1_32 inline:{KEY[CM]}"), "not spoken here"),
        (REQUIRED, body(line(tag=3)), "no key line of the offer"),
        (REQUIRED, body(line(GCM, 1)), "none of its suites"),
        (REQUIRED, body(line(), line()), "no key line of the offer"),
        (OPPORTUNISTIC, body(line()), "another profile"),
        (NONE, body(line()), "switched off here"),
    ],
)
async def test_answers_that_end_the_call(tmp_path: Path, wants: Protection, description: str, why: str) -> None:
    with Sipp(answers(description), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(wants, CM))
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (ended.status, ended.by) == (488, By.FAULT)
    assert why in ended.phrase


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
async def test_our_own_key_in_the_answer_is_refused(tmp_path: Path) -> None:
    """Both directions under one key would lay two talks under one key stream."""
    remember = '<ereg regexp="inline:([^ \r\n]*)" search_in="body" assign_to="all,key"/></action></recv>'
    first = scenarios.INVITE.replace("</action></recv>", remember) + '<Reference variables="all"/>\n'
    with Sipp(answers(body(f"1 {CM.name} inline:[$key]")).replace(scenarios.INVITE, first), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(REQUIRED, CM))
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert "our own key" in ended.phrase


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
@pytest.mark.parametrize(
    ("wants", "description"), [(NONE, body(profile="RTP/AVP")), (OPPORTUNISTIC, body("1 X inline:Y", profile="RTP/AVP"))]
)
async def test_a_far_end_without_protection_where_that_may_be(tmp_path: Path, wants: Protection, description: str) -> None:
    with Sipp(answers(description), tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(wants, CM))
            answered = await caller.until(Answered)
            caller.endpoint.hangup(1)
            await asyncio.to_thread(far.finish)
        said = far.messages()
    assert answered.media is not None and answered.media.crypto is None
    assert ("a=crypto:1" in said) is (wants is OPPORTUNISTIC)


async def re_invited(description: str, folder: Path, method: str = "INVITE") -> tuple[Answered, Changed, list[tuple[str, str]]]:
    """A protected call to which the far end offers that: what was agreed, what after it, and the tag and key of each a=crypto."""
    with Sipp(far_ends.offers_again((method, description, "200"), answer=body(line())), folder) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(REQUIRED, CM))
            answered = await caller.until(Answered)
            changed = await caller.until(Changed)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        said = re.findall(r"a=crypto:(\d) \S+ inline:(\S+)", far.messages())
    return answered, changed, said


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_an_offer_of_another_key_changes_ours_too(tmp_path: Path, method: str) -> None:
    new = base64.b64encode(bytes(range(100, 130))).decode()
    answered, changed, said = await re_invited(body(line(tag=5, key=new), version=2), tmp_path, method)
    assert answered.media is not None and answered.media.crypto is not None and changed.media.crypto is not None
    assert changed.media.crypto.receive_key == bytes(range(100, 130))
    assert changed.media.crypto.send_key != answered.media.crypto.send_key
    ours = [base64.b64encode(media.crypto.send_key).decode() for media in (answered.media, changed.media) if media.crypto]
    assert ("1", ours[0]) in said and ("5", ours[1]) in said


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
async def test_a_re_invite_with_the_same_key_changes_nothing(tmp_path: Path) -> None:
    held = body(line(tag=2), version=2) + "a=sendonly\n"
    answered, changed, said = await re_invited(held, tmp_path)
    assert answered.media is not None and changed.media.held
    assert changed.media.crypto == answered.media.crypto and answered.media.crypto is not None
    ours = base64.b64encode(answered.media.crypto.send_key).decode()
    assert ("1", ours) in said and ("2", ours) in said


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
async def test_an_update_is_answered_by_the_key_line_in_force_alone(tmp_path: Path) -> None:
    update = (
        far_ends.pause(300)
        + far_ends.request("UPDATE", 1, body=body(line(tag=2), version=2) + "a=sendonly\n")
        + far_ends.expect("200")
    )
    scenario = answers(body(line(tag=2))).replace(
        far_ends.BYE_FROM_CALLER, update + far_ends.pause(50) + far_ends.request("BYE", 2) + far_ends.expect("200")
    )
    with Sipp(scenario, tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(REQUIRED))
            answered = await caller.until(Answered)
            changed = await caller.until(Changed)
            await caller.until(Ended)
            await asyncio.to_thread(far.finish)
        answer = far.messages().partition("UPDATE sip:")[2].partition("SIP/2.0 200")[2].partition("BYE sip:")[0]
    assert answered.media is not None and changed.media.crypto == answered.media.crypto
    assert re.findall(r"a=crypto:(\d) (\S+)", answer) == [("2", CM.name)]


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
@pytest.mark.parametrize(("wants", "method"), [(REQUIRED, "INVITE"), (OPPORTUNISTIC, "UPDATE")])
@pytest.mark.parametrize(
    "description",
    [
        body(profile="RTP/AVP", version=2),
        body(version=2),
        body(f"1 {CM.name} inline:short", version=2),
        body(f"1 {CM.name} inline:{KEY[CM]}|1:4", version=2),
    ],
)
async def test_an_offer_cannot_take_the_protection_off(tmp_path: Path, wants: Protection, method: str, description: str) -> None:
    profile = "RTP/SAVP" if wants is REQUIRED else "RTP/AVP"
    scenario = far_ends.offers_again((method, description, "488"), answer=body(line(), profile=profile))
    with Sipp(scenario, tmp_path) as far:
        async with Caller() as caller:
            caller.invite(far.uri, media=media(wants, CM))
            await caller.until(Answered)
            refused = await caller.until(Refused)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert (refused.status, ended.by) == (488, By.REMOTE)
    assert caller.count(Changed) == 0
