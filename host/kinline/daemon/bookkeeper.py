"""Store work of one handset, on the store's thread: no question stays unanswered, and nothing told is lost with the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kinline.daemon import store_trouble
from kinline.daemon.services import Services
from kinline.store.errors import DatabaseError

RETRY_S = 2.0  # on top of the store's own 5 s of patience with a lock


class Bookkeeper:
    """`device` names the handset in the log; `settle` leaves records of attempts without an answer."""

    def __init__(self, services: Services, log: Any, device: Callable[[], str], settle: Callable[[], None]) -> None:
        self._services = services
        self._log = log
        self._device = device
        self._settle = settle

    def tell(self, work: Callable[[], object]) -> None:
        """Tried until the database is back."""

        async def run() -> None:
            while isinstance(await self._written(work), DatabaseError):
                await asyncio.sleep(RETRY_S)

        self._services.spawn(run())

    def insist(self, work: Callable[[], object]) -> None:
        """Tried until it is written, whatever is in the way."""

        async def run() -> None:
            while await self._written(work):
                await asyncio.sleep(RETRY_S)

        self._services.spawn(run())

    async def answer(self, work: Callable[[], Any], failed: Any) -> Any:
        """What the work returns, or `failed` if it cannot be done."""
        return await self._answer(self._services.store.records, work, failed)

    async def answer_pin(self, work: Callable[[], Any], failed: Any) -> Any:
        """The same, beside all other work."""
        return await self._answer(self._services.store.pins, work, failed)

    async def _answer(self, thread: Callable[[Callable[[], Any]], Awaitable[Any]], work: Callable[[], Any], failed: Any) -> Any:
        try:
            return await thread(work)
        except Exception as error:
            store_trouble.count(error)
            self._log.exception("the store could not answer", handset=self._device())
            self.tell(self._settle)
            return failed

    async def _written(self, work: Callable[[], object]) -> Exception | None:
        try:
            await self._services.store.records(work)
        except Exception as error:
            store_trouble.count(error)
            self._log.exception("the store could not be written", handset=self._device())
            return error
        return None
