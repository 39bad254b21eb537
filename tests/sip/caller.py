"""The daemon's side of a call in the tests: a SIP endpoint whose events are awaited one after the other."""

import asyncio
from types import TracebackType
from typing import Self, TypeVar

from kinline_engine.bus import Bus
from kinline_engine.sip import Credentials, LocalMedia, LogLine, SipConfig, SipEndpoint, SipEvent, decode

Wanted = TypeVar("Wanted", bound=SipEvent)
FROM = "sip:+12025550199@127.0.0.1"
MEDIA = LocalMedia("127.0.0.1", 40000)
# A safety bound for what takes milliseconds; no test measures it.
PATIENCE_S = 20.0


class Caller:
    """`until` returns the next event of a kind; `seen` keeps all but the stack's log lines, which are in `log`."""

    def __init__(self, config: SipConfig | None = None) -> None:
        self.config = config or SipConfig("127.0.0.1")
        self.seen: list[SipEvent] = []
        self.log: list[str] = []
        self._fresh: asyncio.Queue[SipEvent] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self.bus = Bus()
        self.endpoint = SipEndpoint(self.bus, self.config)
        asyncio.get_running_loop().add_reader(self.bus.fd, self._drain)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.endpoint.close)
        self._drain()
        asyncio.get_running_loop().remove_reader(self.bus.fd)
        self.bus.close()

    def _drain(self) -> None:
        while events := self.bus.poll():
            for event in map(decode, events):
                if isinstance(event, LogLine):
                    self.log.append(event.text)
                else:
                    self.seen.append(event)
                    self._fresh.put_nowait(event)

    def invite(
        self,
        uri: str,
        id: int = 1,
        *,
        media: LocalMedia = MEDIA,
        credentials: Credentials | None = None,
    ) -> None:
        """Call `uri`."""
        self.endpoint.invite(id, uri, from_uri=FROM, media=media, credentials=credentials)

    async def until(self, kind: type[Wanted]) -> Wanted:
        """The next event of that kind; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self._fresh.get()
                if isinstance(event, kind):
                    return event

    def count(self, kind: type[SipEvent]) -> int:
        """How many events of that kind there have been."""
        return sum(isinstance(event, kind) for event in self.seen)
