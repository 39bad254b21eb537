"""RFC 4028: a long call is refreshed with UPDATE, so that a dead far end is noticed."""

import asyncio
from pathlib import Path

import pytest

from kinline_engine.sip import Answered, By, Changed, Ended, SipConfig
from tests.peers.scenarios import ACK, INVITE, SDP
from tests.peers.sipp import Sipp
from tests.sip import far_ends
from tests.sip.caller import Caller

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.usefixtures("needs_sipp")]
# The least that RFC 4028 allows; the refresh is due at half of it.
SHORTEST_S = 90


async def test_a_call_is_refreshed(tmp_path: Path) -> None:
    agreed = f"Session-Expires: {SHORTEST_S};refresher=uac"
    far_end = far_ends.scenario(
        INVITE,
        far_ends.TRYING,
        far_ends.reply("200 OK", "Require: timer", agreed, body=SDP, repeat=True),
        ACK,
        far_ends.expect("UPDATE"),
        far_ends.reply("200 OK", agreed, tag=""),
        far_ends.BYE_FROM_CALLER,
    )
    with Sipp(far_end, tmp_path) as far:
        async with Caller(SipConfig("127.0.0.1", session_expires_s=SHORTEST_S)) as caller:
            caller.invite(far.uri)
            await caller.until(Answered)
            async with asyncio.timeout(SHORTEST_S):
                while "UPDATE sip:" not in far.messages():
                    await asyncio.sleep(0.5)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
            await asyncio.to_thread(far.finish)
    assert ended.by is By.LOCAL
    assert caller.count(Changed) == 0
