"""Serves staff who listen to a talk, speak into it, or cut it, over a socket on this host (`kinline.live`).

Who may is decided here, for each connection, and is in the audit log before the first sample. A call that the rules
made private has no place for a listener; it is told apart from no call at all only where its existence is no secret.
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import ValidationError

from kinline.counters import counters
from kinline.live.protocol import (
    FRAME,
    LONGEST_LINE,
    NEWS,
    RATE,
    SOUND,
    Deed,
    HandsetState,
    LiveCall,
    Reply,
    Request,
    frame,
)
from kinline.logs import log
from kinline.media import EngineError, Monitor, MonitoredCall
from kinline.operations.roles import ROLES, Actor, Forbidden, Role, local_actor, staff_actor
from kinline.store.errors import StoreError
from kinline.store.store import Store

RIGHTS: Mapping[Deed, frozenset[Role]] = {
    "calls": frozenset({"supervisor", "investigator", "auditor"}),
    "handsets": frozenset({"supervisor", "investigator", "technician", "auditor"}),
    "listen": frozenset({"investigator"}),
    "barge": frozenset({"investigator"}),
    "cut": frozenset({"supervisor", "investigator"}),
}
ASKING_S = 5.0
BEHIND_BYTES = 64_000  # a second of sound that a listener has not taken: what comes then is missed
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid

_log = log(part="live")
_T = TypeVar("_T")


class Refused(Exception):
    """It cannot be done; the text says why and what to do."""


class Served(Protocol):
    """What this needs of a station."""

    @property
    def handset(self) -> str: ...
    @property
    def state(self) -> HandsetState: ...
    @property
    def call(self) -> int: ...
    @property
    def phase(self) -> str: ...
    @property
    def nameless(self) -> bool: ...
    @property
    def listenable(self) -> MonitoredCall | None: ...
    def cut(self, rule: str) -> None: ...
    def announce_barge(self, said: Callable[[], None]) -> bool: ...


class Live:
    def __init__(
        self,
        path: Path,
        store: Store,
        stations: Sequence[Served],
        facilities: Mapping[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`facilities` says at which facility each handset is."""
        self._path = path
        self._store = store
        self._stations = {station.handset: station for station in stations}
        self._facilities = facilities
        self._now = now
        # Apart from the calls' own store thread: a cut does not wait behind a PIN's slow hash.
        self._thread = ThreadPoolExecutor(2, thread_name_prefix="live")
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled. A socket that cannot be made is told, and the calls go on without it."""
        try:
            self._path.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._connected, str(self._path), limit=LONGEST_LINE)
            self._path.chmod(0o660)
        except OSError as error:
            counters.add("live_socket_failed")
            _log.error("nobody can listen or cut live", socket=str(self._path), error=str(error), next="shorten data_dir's path")
            await asyncio.Event().wait()
            return
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._path.unlink(missing_ok=True)
            self._thread.shutdown(cancel_futures=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ASKING_S):
                line = await reader.readline()
            request = Request.model_validate_json(line)
        except (TimeoutError, ValueError) as error:
            counters.add("live_request_refused", "malformed")
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "one line of JSON was expected"
            _write(writer, Reply(ok=False, error=f"the request cannot be read: {what}"))
            return
        try:
            await self._carry_out(request, reader, writer)
        except (Forbidden, Refused, StoreError) as error:
            counters.add("live_request_refused", request.do)
            _write(writer, Reply(ok=False, error=str(error)))

    async def _carry_out(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        actor = await self._asked(lambda: self._actor(request, _uid(writer)))
        await self._permit(actor, request)
        if request.do == "calls":
            _write(writer, Reply(ok=True, calls=self._calls(actor)))
            return
        if request.do == "handsets":
            _write(writer, Reply(ok=True, handsets=self._handsets(actor)))
            return
        station = self._stations[request.handset or ""]
        call = station.call
        if not call or station.nameless:
            raise Refused(f"there is no call at {station.handset} now; `kinline monitor calls` shows where there is one")
        if request.do == "cut":
            # At once: a cut does not wait for a disk. It is written down all the same, or told.
            station.cut("staff")
            await self._audit(actor, request, call)
            _write(writer, Reply(ok=True, call=call))
            return
        audio = station.listenable
        if audio is None:
            raise Refused(f"the call at {station.handset} is not monitored: the rules leave nobody a place to listen to it")
        await self._audit(actor, request, call)
        if station.call != call or station.listenable is not audio:
            raise Refused(f"the call at {station.handset} has just ended")
        try:
            monitor = audio.monitor()
        except EngineError as error:
            raise Refused(f"the call at {station.handset} cannot be heard: {error}; four can listen at once") from error
        may_speak = asyncio.Event()  # not under the notice that they do
        announced = station.announce_barge(may_speak.set) if request.do == "barge" else None
        _log.info("staff listen", handset=station.handset, call=call, by=actor.name, barge=request.do == "barge")
        _write(writer, Reply(ok=True, call=call, rate=RATE, announced=announced))
        await _Listening(monitor, reader, writer, may_speak if request.do == "barge" else None).run()
        _log.info("staff listen no more", handset=station.handset, call=call, by=actor.name)

    def _calls(self, actor: Actor) -> list[LiveCall]:
        return [
            LiveCall(
                handset=station.handset,
                call=station.call,
                phase=station.phase,
                monitored=station.listenable is not None,
            )
            for station in self._stations.values()
            if station.call and not station.nameless and actor.facility in (None, self._facilities.get(station.handset))
        ]

    def _handsets(self, actor: Actor) -> list[HandsetState]:
        return [station.state for name, station in self._stations.items() if actor.facility in (None, self._facilities.get(name))]

    # Who asks

    def _actor(self, request: Request, uid: int) -> Actor:
        if request.token is not None:
            info = self._store.staff_by_token(request.token, self._now())
            if info is None:
                raise Forbidden("this token is wrong, expired or revoked; ask whoever runs the host for a new one")
            return staff_actor(info)
        if uid not in (0, os.geteuid()):
            raise Forbidden("a staff token is needed: send it with the request")
        acting = request.acting
        if acting is None:
            return local_actor(f"uid {uid}")
        roles = frozenset(role for role in ROLES if role in acting.roles)
        return Actor(acting.name, roles, acting.facility, local=acting.local)

    async def _permit(self, actor: Actor, request: Request) -> None:
        may = RIGHTS[request.do]
        try:
            if not actor.local and not actor.roles & may:
                wanted = " or ".join(role for role in ROLES if role in may)
                raise Forbidden(f"monitor {request.do} is for {wanted}; {actor.name} is not", may)
            if request.do in ("calls", "handsets"):
                if actor.unit is not None:
                    raise _beyond_unit(actor, may)
                return
            home = self._facilities.get(request.handset or "")
            if request.handset not in self._stations or (home != actor.facility and actor.facility is not None):
                raise Forbidden(f"{request.handset or 'no handset'}: this daemon serves no such handset for {actor.name}")
            asked = request.handset
            if actor.unit is not None and (await self._asked(lambda: self._store.handset(asked))).unit != actor.unit:
                raise _beyond_unit(actor, may)
        except Forbidden as refusal:
            subject, roles, why = f"monitor.{request.do}", sorted(actor.roles), str(refusal)
            await self._asked(lambda: self._store.audit_refusal(actor.name, subject, roles, why, self._now()))
            raise

    async def _audit(self, actor: Actor, request: Request, call: int) -> None:
        details = {"handset": request.handset, **({"reason": request.reason} if request.reason else {})}
        deed = f"monitor.{request.do}"
        try:
            await self._asked(lambda: self._store.audit_deed(actor.name, deed, f"call {call}", details, self._now()))
        except StoreError:
            counters.add("live_audit_failed")
            _log.exception("what staff did could not be written down", deed=deed, call=call, by=actor.name)
            raise

    async def _asked(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class _Listening:
    """One listener's sound, until the call is over or they hang up."""

    def __init__(
        self,
        monitor: Monitor,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        may_speak: asyncio.Event | None,
    ) -> None:
        """`may_speak` comes when the listener may be heard; None: they only listen."""
        self._monitor = monitor
        self._reader = reader
        self._writer = writer
        self._may_speak = may_speak
        self._period = asyncio.Event()  # 20 ms of the call have passed
        self._over = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._monitor.fd, self._hear)
        try:
            tasks = [loop.create_task(self._over.wait()), loop.create_task(self._take())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            loop.remove_reader(self._monitor.fd)
            missed = self._monitor.missed
            self._monitor.close()
        news = {"event": "over" if self._over.is_set() else "closed", "missed_seconds": missed / RATE}
        with suppress(ConnectionError):
            self._writer.write(frame(NEWS, json.dumps(news).encode()))
            await self._writer.drain()

    def _hear(self) -> None:
        sound = self._monitor.hear()
        if sound is None:
            self._over.set()
            asyncio.get_running_loop().remove_reader(self._monitor.fd)
            return
        self._period.set()
        if self._writer.transport.get_write_buffer_size() > BEHIND_BYTES:
            counters.add("live_listener_behind")
        elif sound:
            self._writer.write(frame(SOUND, sound))

    async def _take(self) -> None:
        """What the listener sends: sound, where they may speak; its end is theirs."""
        if self._may_speak is not None:
            await self._may_speak.wait()
        while True:
            try:
                kind, length = FRAME.unpack(await self._reader.readexactly(FRAME.size))
                content = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if kind != SOUND or self._may_speak is None or length % 2:
                counters.add("live_request_refused", "unexpected")
                return
            await self._say(content)

    async def _say(self, content: bytes) -> None:
        while content := content[self._monitor.say(content) :]:
            if self._over.is_set():
                return
            self._period.clear()
            await self._period.wait()


def _beyond_unit(actor: Actor, may: frozenset[Role]) -> Forbidden:
    """Staff of one living unit reach its telephones only."""
    return Forbidden(f"{actor.name} works in unit {actor.unit} only, and this reaches beyond it", may)


def _uid(writer: asyncio.StreamWriter) -> int:
    """Who connected, by the kernel's word."""
    peer: socket.socket = writer.get_extra_info("socket")
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    writer.write(reply.model_dump_json(exclude_none=True).encode() + b"\n")
