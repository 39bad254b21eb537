"""Looks after what staff change while the daemon runs: a cut reaches its calls within a second, a choice the next visit.

It asks the database and remembers nothing, so a cut holds through every restart (safety property P10).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from kinline.config import SettingsError
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangement, Arrangements
from kinline.daemon.keys import Keys
from kinline.logs import log
from kinline.rules import ProfileError
from kinline.store.errors import StoreError
from kinline.store.store import Store

CUT_S = 0.25
RENEW_EVERY = 8  # looks, that is two seconds

_log = log(part="watch")
_T = TypeVar("_T")


class Served(Protocol):
    """What the watch needs of a station."""

    @property
    def handset(self) -> str: ...
    @property
    def call(self) -> int: ...
    def cut_rule(self, call: int) -> str | None:
        """By which of staff's rules the call is stopped now. Asks the database; runs on the watch's own thread."""

    def cut(self, rule: str) -> None: ...
    def arrange(self, arrangement: Arrangement) -> None: ...
    def check_key(self) -> None:
        """The known keys have changed: a session under a revoked one ends."""


class Watch:
    """Has a thread of its own: a cut does not wait behind a PIN's slow hash or a full disk."""

    def __init__(
        self,
        store: Store,
        arrangements: Arrangements,
        stations: Sequence[Served],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        keys: Keys | None = None,
    ) -> None:
        self._store = store
        self._arrangements = arrangements
        self._stations = stations
        self._now = now
        self._keys = keys
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._told = ""

    async def run(self) -> None:
        look = 0
        while True:
            look += 1
            await self.look(renew=look % RENEW_EVERY == 0)
            await asyncio.sleep(CUT_S)

    async def look(self, renew: bool = False) -> None:
        """Once. What cannot be read is told once and asked for again."""
        try:
            await self._cut()
            if renew:
                # Keys first: a profile that cannot be read keeps no revoked handset in its session.
                if self._keys is not None and await self._asked(self._keys.renew):
                    for station in self._stations:
                        station.check_key()
                self._renew(await self._asked(self._arrangements.all))
        except (StoreError, ProfileError, SettingsError, OSError) as error:
            counters.add("watch_failed")
            if str(error) != self._told:
                _log.error("staff's changes cannot be read, the last known hold", error=str(error))
            self._told = str(error)
        else:
            self._told = ""

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    async def _cut(self) -> None:
        if not any(station.call for station in self._stations):
            return
        concerned = await self._asked(lambda: self._store.calls_concerned(self._now()))
        for station in self._stations:
            call = station.call
            if not call or call not in concerned:
                continue
            rule = await self._asked(lambda station=station, call=call: station.cut_rule(call))  # type: ignore[misc]
            if rule is not None and station.call == call:
                station.cut(rule)

    def _renew(self, arrangements: Mapping[str, Arrangement]) -> None:
        for station in self._stations:
            if station.handset in arrangements:
                station.arrange(arrangements[station.handset])

    async def _asked(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
