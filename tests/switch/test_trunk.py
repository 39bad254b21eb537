"""What the daemon's trunk counts of calls that come to no talk, against far ends that sipp plays."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from kinline.config import Trunk as Settings
from kinline.counters import counters
from kinline.media import Bus
from kinline.media.hub import Hub
from kinline.switch.dialogs import Dialogs
from kinline.switch.trunk import Answered, Ended, Leg, LegEvent, Trunk
from tests.peers import scenarios
from tests.peers.scenarios import ACK, INVITE
from tests.peers.sipp import Sipp
from tests.sip import far_ends

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("needs_sipp")]


async def called(folder: Path, scenario: str) -> list[LegEvent]:
    """Every event of one call, to its end."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    told: list[LegEvent] = []

    def happened(event: LegEvent) -> None:
        told.append(event)
        if isinstance(event, Ended):
            over.set()

    with Sipp(scenario, folder) as far, ExitStack() as rest:
        bus = Bus()
        rest.callback(bus.close)
        hub = Hub(bus)
        hub.start(loop)
        rest.callback(hub.stop, loop)
        trunk = Trunk(bus, hub, Settings(address=far.address, port=far.port), 40000, Dialogs(folder / "dialogs"))
        rest.callback(trunk.close)
        Leg(trunk, happened).invite("+12025550123", None)
        await asyncio.wait_for(over.wait(), 30)
        await asyncio.to_thread(far.finish)
    return told


async def test_a_refusal_is_counted_by_its_status(tmp_path: Path) -> None:
    before = counters.value("call_not_reached", "503")
    (*_, last) = await called(tmp_path, scenarios.refuse("503 Service Unavailable"))
    assert isinstance(last, Ended) and last.by_remote
    assert counters.value("call_not_reached", "503") == before + 1


async def test_an_answer_without_media_is_hung_up_and_counted(tmp_path: Path) -> None:
    mute = far_ends.scenario(INVITE, far_ends.TRYING, far_ends.reply("200 OK", repeat=True), ACK, far_ends.BYE_FROM_CALLER)
    before = counters.as_json()
    told = await called(tmp_path, mute)
    (*_, last) = told
    assert isinstance(last, Ended) and not last.by_remote and not any(isinstance(event, Answered) for event in told)
    counter = f"call_not_reached{{{last.status}}}"
    assert counters.as_json()[counter] == before.get(counter, 0) + 1
