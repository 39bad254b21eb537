"""Both sides act at once: whatever crosses on the wire, every call ends once, on both sides, and nothing is left up."""

import asyncio
import random
from pathlib import Path

import pytest

from kinline_engine.sip import By, Ended, Progress, SipConfig
from kinline_sim.parties import Busy, HangUp, NotFound, Party, RingOut, Silent
from kinline_sim.switch import Switch
from tests.peers.scenarios import INVITE
from tests.peers.sipp import Sipp
from tests.sip import far_ends
from tests.sip.caller import PATIENCE_S, Caller

CALLS = 300
SEED = 20261124
# Near what a call takes to be answered on loopback, so that requests cross.
LATEST_HANGUP_S = 0.012


async def test_every_call_ends_once_on_both_sides() -> None:
    rng = random.Random(SEED)
    parties: list[Party] = [
        Silent(ring_s=0.0), Silent(ring_s=0.004), HangUp(ring_s=0.0, after_s=0.0), HangUp(ring_s=0.003, after_s=0.003),
        Busy(), NotFound(ring_s=0.005), RingOut(ring_s=0.004), RingOut(),
    ]  # fmt: skip
    numbers = {f"+120255501{index:02d}": party for index, party in enumerate(parties)}
    async with Switch(numbers=numbers) as switch, Caller() as caller:

        async def call(id: int) -> None:
            await asyncio.sleep(0.01 * id)
            caller.invite(switch.uri(rng.choice(list(numbers))), id)
            await asyncio.sleep(rng.uniform(0, LATEST_HANGUP_S))
            caller.endpoint.hangup(id)

        await asyncio.gather(*(call(id) for id in range(1, CALLS + 1)))
        ended = [(await caller.until(Ended)).id for _ in range(CALLS)]
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(len(switch.calls)):
                await switch.finished()
        assert sorted(ended) == list(range(1, CALLS + 1))
        assert switch.active == 0
        assert [call.failure for call in switch.calls if call.failure] == []
    assert caller.count(Ended) == CALLS


@pytest.mark.peer
@pytest.mark.usefixtures("needs_sipp")
async def test_a_far_end_that_takes_the_cancel_and_forgets_the_invite(tmp_path: Path) -> None:
    forgetful = far_ends.scenario(
        INVITE,
        far_ends.TRYING,
        far_ends.reply("180 Ringing"),
        far_ends.expect("CANCEL"),
        far_ends.reply("200 OK"),
        far_ends.pause(60_000),
    )
    with Sipp(forgetful, tmp_path) as far:
        async with Caller(SipConfig("127.0.0.1", give_up_after_s=1.5)) as caller:
            caller.invite(far.uri)
            await caller.until(Progress)
            caller.endpoint.hangup(1)
            ended = await caller.until(Ended)
    assert ended.by is By.LOCAL
