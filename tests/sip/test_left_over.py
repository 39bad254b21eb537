"""A call whose process was killed: another one that knows its dialog ends it."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from kinline_engine.sip import Answered, By, Dialog, Ended, SipConfig, SipError
from kinline_sim.parties import Silent
from kinline_sim.switch import Switch
from tests.peers.scenarios import ACK, INVITE, SDP
from tests.peers.sipp import Sipp
from tests.sip import far_ends
from tests.sip.caller import PATIENCE_S, Caller

NUMBER = "+12025550123"
PROXIES = ("<sip:[local_ip]:[local_port];lr;hop=2>", "<sip:[local_ip]:[local_port];lr;hop=1>")


async def dialog_of(caller: Caller) -> Dialog:
    answered = await caller.until(Answered)
    assert answered.dialog is not None
    return answered.dialog


async def test_the_far_end_takes_the_bye_for_its_callers() -> None:
    async with Switch(numbers={NUMBER: Silent()}) as switch, Caller() as killed, Caller() as back:
        killed.invite(switch.uri(NUMBER))
        dialog = await dialog_of(killed)
        back.endpoint.bye(7, dialog)
        ended = await back.until(Ended)
        assert (ended.id, ended.status, ended.by) == (7, 200, By.REMOTE)
        async with asyncio.timeout(PATIENCE_S):
            assert (await switch.finished()).ended.by is By.REMOTE
        assert switch.active == 0


async def test_a_call_that_is_over_is_over() -> None:
    """The far end knows no such call any more, and says so: that is as good as its end."""
    async with Switch(numbers={NUMBER: Silent()}) as switch, Caller() as killed, Caller() as back:
        killed.invite(switch.uri(NUMBER))
        dialog = await dialog_of(killed)
        killed.endpoint.hangup(1)
        await killed.until(Ended)
        back.endpoint.bye(7, dialog)
        ended = await back.until(Ended)
        assert (ended.status, ended.by) == (481, By.REMOTE)


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
async def test_the_bye_goes_the_way_of_the_call(tmp_path: Path) -> None:
    """Through the proxies that recorded themselves, the nearest first."""
    way = (
        '<recv request="BYE"><action>'
        '<ereg regexp="hop=1.*hop=2" search_in="msg" check_it="true" assign_to="way"/>'
        '</action></recv><Reference variables="way"/>\n'
    )
    recorded = "Record-Route: " + ", ".join(PROXIES)
    scenario = far_ends.scenario(
        INVITE, far_ends.TRYING, far_ends.reply("200 OK", recorded, body=SDP, repeat=True), ACK, way,
        far_ends.reply("200 OK", tag=""),
    )  # fmt: skip
    with Sipp(scenario, tmp_path) as far:
        async with Caller() as killed, Caller() as back:
            killed.invite(far.uri)
            back.endpoint.bye(7, await dialog_of(killed))
            # sipp answers to where the INVITE came from; that it took the BYE is what its scenario checks.
            await asyncio.to_thread(far.finish)


async def test_a_far_end_that_is_gone() -> None:
    async with Switch(numbers={NUMBER: Silent()}) as switch, Caller(SipConfig("127.0.0.1", give_up_after_s=1)) as back:
        async with Caller() as killed:
            killed.invite(switch.uri(NUMBER))
            dialog = await dialog_of(killed)
        nobody = dataclasses.replace(dialog, target="sip:127.0.0.1:9")
        back.endpoint.bye(7, nobody)
        assert (await back.until(Ended)).by in (By.TIMEOUT, By.FAULT)


@pytest.mark.parametrize("part", ["call_id", "local", "remote", "target", "route"])
async def test_words_that_would_leave_their_header_are_refused(part: str) -> None:
    whole = Dialog("a@b", "<sip:a@127.0.0.1>;tag=1", "<sip:b@127.0.0.1>;tag=2", "sip:b@127.0.0.1:9", "", 1)
    async with Caller() as back:
        for text in ("x\r\nX: y", "x" * 300):
            with pytest.raises(SipError):
                back.endpoint.bye(7, dataclasses.replace(whole, **{part: text}))
