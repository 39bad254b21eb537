"""CPU that one call costs from INVITE to the released leg, beside Asterisk placing the same calls to the same far end.

Ours is the part of the daemon below the rules: trunk, engine, recorder. What rules and store add stands in dial_to_invite.
"""

import asyncio
import itertools
import multiprocessing
import os
import tempfile
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from kinline.config import Trunk as Settings
from kinline.media import Bus
from kinline.media.hub import Hub
from kinline.switch.dialogs import Dialogs
from kinline.switch.trunk import Answered, Ended, Leg, LegEvent, Trunk
from kinline_engine.engine import Engine, FarEnd, Link
from tests.engine.recording import record
from tests.peers import scenarios
from tests.peers.asterisk import INSIDE, Asterisk, Extension
from tests.peers.program import PeerError
from tests.peers.sipp import Sipp
from tests.perf.machine import busy, cpu_seconds, pinned, processors
from tests.perf.report import Figure

CALLS = 200
WARM_UP = 20
ROUNDS = 2  # of both in turn: what else this machine does comes and goes
PATIENCE_S = 10.0
NUMBER = "2025550100"
EXTENSION = "5550100"


def measure() -> list[Figure]:
    ours, theirs = [], []
    version, missing = "", ""
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder:
        for number in range(ROUNDS):
            ours.append(_ours(Path(folder) / f"ours-{number}"))
            try:
                version, cost = _asterisks(Path(folder) / f"theirs-{number}")
                theirs.append(cost)
            except PeerError as error:
                missing = f"; Asterisk not measured: {error}"
    note = (
        f"user and system time of a process with trunk, SIP stack and engine, less what it takes idle for as long, a call, the "
        f"mean of {CALLS} placed one after another to sipp: INVITE, answer, media at the far end, gate, a sealed recorder, BYE; "
        f"the less of {ROUNDS} rounds ({', '.join(f'{cost:.2f}' for cost in ours)}); without rules, store and prompts"
    )
    if theirs:
        note += (
            f"; Asterisk {version} originates each to the same scenario, records it by MixMonitor and hangs up, "
            f"no second party ({', '.join(f'{cost:.2f}' for cost in theirs)})"
        )
    note += f"{missing}; {busy()}"
    return [Figure("call_setup_cpu_ms", round(min(ours), 2), note, round(min(theirs), 2) if theirs else None)]


def _per_call_ms(cpu: Callable[[], float], calls: Callable[[int], None]) -> float:
    """CPU a call, less what runs anyway."""
    calls(WARM_UP)
    was, since = cpu(), time.monotonic()
    calls(CALLS)
    busy_s, seconds = cpu() - was, time.monotonic() - since
    was = cpu()
    time.sleep(min(seconds, 5.0))
    idle_s = (cpu() - was) * seconds / min(seconds, 5.0)
    return 1000 * (busy_s - idle_s) / CALLS


@contextmanager
def _far_end(folder: Path) -> Iterator[Sipp]:
    with pinned(processors()[-1]), Sipp(scenarios.answer_until_bye(), folder, calls=WARM_UP + CALLS) as sipp:
        yield sipp


# Ours -----------------------------------------------------------------------------------------------


def _ours(folder: Path) -> float:
    with _far_end(folder / "sipp") as sipp:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        caller = context.Process(target=_caller, args=(there, folder, sipp.address, sipp.port, processors()[0]))
        caller.start()
        there.close()
        pid = caller.pid
        assert pid is not None
        try:
            if here.recv() != "ready":
                raise RuntimeError("the process that calls did not start")
            cost = _per_call_ms(lambda: cpu_seconds(pid), lambda n: _ask(here, n))
            sipp.finish()
            return cost
        finally:
            here.close()
            caller.join()


def _ask(pipe: Connection, calls: int) -> None:
    pipe.send(calls)
    if pipe.recv() != calls:
        raise RuntimeError("a call failed")


def _caller(pipe: Connection, folder: Path, address: str, port: int, processor: int) -> None:
    """Target of a process: places as many calls as it is told, one after another; ends with the pipe."""
    os.sched_setaffinity(0, {processor})
    asyncio.run(_serve(pipe, folder, address, port))


async def _serve(pipe: Connection, folder: Path, address: str, port: int) -> None:
    master, slave = os.openpty()
    for fd in (master, slave):
        tty.setraw(fd)
    bus = Bus()
    hub = Hub(bus)
    hub.start(asyncio.get_running_loop())
    with Engine(bus, clean_microphone=True) as engine:
        link = engine.open_link(slave)
        settings = Settings(address=address, port=port, codecs=("PCMU",), caller_id="+12025550199")
        trunk = Trunk(bus, hub, settings, engine.rtp_port, Dialogs(folder / "dialogs"))
        numbers = itertools.count()
        pipe.send("ready")
        try:
            while True:
                calls = await asyncio.to_thread(pipe.recv)
                for _ in range(calls):
                    await _one_call(engine, link, trunk, folder / f"{next(numbers)}.klr")
                pipe.send(calls)
        except EOFError:
            pass
        finally:
            trunk.close()
            hub.stop(asyncio.get_running_loop())
            link.close()
    bus.close()


async def _one_call(engine: Engine, link: Link, trunk: Trunk, recording: Path) -> None:
    happened: asyncio.Queue[LegEvent] = asyncio.Queue()
    call = engine.create_call(link)
    leg = Leg(trunk, happened.put_nowait)
    leg.invite(NUMBER, None)
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await happened.get(), Answered):
            if isinstance(event, Ended):
                raise RuntimeError(f"the far end refused: {event}")
        call.set_far(FarEnd(event.media.ip, event.media.port))
        record(call, recording)
        call.gate(True)
        leg.hang_up()
        while not isinstance(await happened.get(), Ended):
            pass
    call.close()


# Asterisk -------------------------------------------------------------------------------------------


def _asterisks(folder: Path) -> tuple[str, float]:
    # Answered, recorded, hung up: what ours does.
    steps = (f"MixMonitor({INSIDE}/set-up.wav)", "Hangup()")
    with _far_end(folder / "sipp") as sipp:
        (folder / "asterisk").mkdir(parents=True)
        answered = Extension(EXTENSION, steps)
        with pinned(processors()[0]), Asterisk(folder / "asterisk", (answered,), user="", codecs="ulaw") as switch:
            pid = switch.pid

            def place(calls: int) -> None:
                for _ in range(calls):
                    switch.action(
                        "Originate",
                        Channel=f"PJSIP/facility/sip:{NUMBER}@{sipp.address}:{sipp.port}",
                        Context="facility",
                        Exten=EXTENSION,
                        Priority="1",
                        Timeout=str(int(PATIENCE_S * 1000)),
                        Async="true",
                    )
                    switch.wait_for_event("Hangup")

            cost = _per_call_ms(lambda: cpu_seconds(pid), place)
            sipp.finish()
            return switch.version().split("~")[0], cost
