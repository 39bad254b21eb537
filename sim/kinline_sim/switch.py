"""The simulated central switch: a real SIP server on the engine's own stack, whose numbers are scripted called parties."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from kinline_engine.bus import Bus
from kinline_engine.sip import (
    G722,
    PCMA,
    PCMU,
    Answered,
    Changed,
    Digest,
    Ended,
    Incoming,
    LogLine,
    Protection,
    Refused,
    SipConfig,
    SipEndpoint,
    SipEvent,
    decode,
)
from kinline_sim.parties import CallOver, NotFound, Party
from kinline_sim.phone import CallRecord, SimPhone

log = logging.getLogger(__name__)

# How long the far ends get to answer our BYEs when the switch closes.
GOODBYE_S = 2.0


def user_part(uri: str) -> str:
    """`sip:+12025550123;npdi@host:5060` to `+12025550123`; empty when there is none."""
    scheme_less = uri.partition(":")[2]
    user = scheme_less.rpartition("@")[0] if "@" in scheme_less else ""
    return unquote(user.partition(";")[0].partition(":")[0])


class Switch:
    """Listens on `bind_ip`: UDP and TCP on one port, TLS on another when `tls_dir` is given. Use as async context.

    `codecs` are those that its telephones speak; of the caller's, the first among them is taken. Media is
    protected where the caller wants it, unless `protection` says otherwise.
    `numbers` maps the user part of the request-URI to the party that takes its calls; change it at any time.
    All calls, in order of arrival, are in `calls`; requests turned away (also unauthenticated ones) in `refusals`.
    """

    def __init__(
        self,
        bind_ip: str = "127.0.0.1",
        port: int = 0,
        *,
        numbers: Mapping[str, Party] | None = None,
        default: Party | None = None,
        digest: Digest | None = None,
        tls_dir: Path | None = None,
        tls_port: int = 0,
        session_expires_s: int = 1800,
        seed: int = 0,
        codecs: Sequence[int] = (G722, PCMU, PCMA),
        protection: Protection = Protection.OPPORTUNISTIC,
    ) -> None:
        self.numbers = dict(numbers or {})
        self.default: Party = default or NotFound()
        self.seed = seed
        self.codecs = codecs
        self.protection = protection
        self.calls: list[CallRecord] = []
        self.refusals: list[Refused] = []
        self._config = SipConfig(
            bind_ip,
            port,
            tls_dir=tls_dir,
            tls_port=tls_port,
            accept_inbound=True,
            user_agent="Kinline simulated switch",
            session_expires_s=session_expires_s,
            digest=digest,
        )
        self._phones: dict[int, SimPhone] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished: asyncio.Queue[CallRecord] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._bus = Bus()
        self._endpoint = SipEndpoint(self._bus, self._config)
        asyncio.get_running_loop().add_reader(self._bus.fd, self._drain)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for phone in self._phones.values():
            phone.hang_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE_S)
        # In a thread: the loop may also carry the far ends whose answers to our BYEs are awaited.
        await asyncio.to_thread(self._endpoint.close)
        self._drain()
        asyncio.get_running_loop().remove_reader(self._bus.fd)
        await asyncio.gather(*self._tasks)
        self._bus.close()

    @property
    def port(self) -> int:
        """UDP and TCP port."""
        return self._endpoint.port

    @property
    def tls_port(self) -> int:
        """TLS port, or 0."""
        return self._endpoint.tls_port

    @property
    def active(self) -> int:
        """Calls that are up or being set up."""
        return len(self._phones)

    def uri(self, number: str, transport: str = "udp") -> str:
        """The request-URI of a number at this switch."""
        port = self.tls_port if transport == "tls" else self.port
        return f"sip:{number}@{self._config.bind_ip}:{port};transport={transport}"

    async def finished(self) -> CallRecord:
        """The next call that is over, with its audio; each is given once."""
        return await self._finished.get()

    def _drain(self) -> None:
        while events := self._bus.poll():
            for event in events:
                self._dispatch(decode(event))

    def _dispatch(self, event: SipEvent) -> None:
        match event:
            case Incoming():
                self._ring_phone(event)
            case Answered():
                self._phones[event.id].was_answered(event)
            case Changed():
                self._phones[event.id].was_changed(event)
            case Ended():
                self._phones[event.id].has_ended(event)
            case Refused():
                self.refusals.append(event)
            case LogLine():
                log.debug("%s", event.text)
            case _:
                pass

    def _ring_phone(self, incoming: Incoming) -> None:
        number = user_part(incoming.to_uri)
        party = self.numbers.get(number, self.default)
        record = CallRecord(
            id=incoming.id,
            number=number,
            from_uri=incoming.from_uri,
            display=incoming.display,
            identity=incoming.identity,
            party=type(party).__name__,
            arrived_ns=incoming.mono_ns,
        )
        phone = SimPhone(self._endpoint, incoming, record, self.seed + len(self.calls), self.codecs, self.protection)
        self.calls.append(record)
        self._phones[incoming.id] = phone
        task = asyncio.get_running_loop().create_task(self._run(phone, party))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, phone: SimPhone, party: Party) -> None:
        try:
            await phone.start()
            await party.take(phone)
        except CallOver:
            pass
        except Exception as error:
            phone.record.failure = f"{type(error).__name__}: {error}"
            log.exception("the party for %s broke down", phone.record.number)
        await phone.finish()
        del self._phones[phone.record.id]
        self._finished.put_nowait(phone.record)
