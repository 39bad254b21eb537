"""Brings the engine's events into the event loop and hands each to whoever owns its link, call or leg."""

import asyncio
from collections import deque
from collections.abc import Callable

from kinline.counters import counters
from kinline.logs import log
from kinline.media import Bus, Event, Source

Handler = Callable[[Event], None]
_log = log(part="media")


class Hub:
    """Handlers run on the event loop, in the order of each engine thread's own events."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._waiting: deque[Event] = deque()  # taken from the bus, not yet handed over
        self._handlers: dict[tuple[int, int], Handler] = {}
        self._defaults: dict[int, Handler] = {}
        self._dropped = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin reading; call once, from the loop's thread."""
        loop.add_reader(self.bus.fd, self._drain)
        self._loop = loop

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self.bus.fd)

    def own(self, source: Source, identity: int, handler: Handler) -> None:
        """Send this link's, call's or leg's events to the handler until disowned."""
        self._handlers[source, identity] = handler

    def settle(self, source: Source, identity: int) -> None:
        """Hand over now what this link, call or leg has told so far: who disowns it next misses nothing."""
        while fresh := self.bus.poll():
            self._waiting.extend(fresh)
        own = [event for event in self._waiting if (event.source, event.id) == (source, identity)]
        self._waiting = deque(event for event in self._waiting if (event.source, event.id) != (source, identity))
        if self._waiting:
            self._loop.call_soon(self._hand_over)
        for event in own:
            self._give(event)

    def disown(self, source: Source, identity: int) -> None:
        self._handlers.pop((source, identity), None)

    def own_rest(self, source: Source, handler: Handler) -> None:
        """Events of a source whose id nobody owns."""
        self._defaults[source] = handler

    def _drain(self) -> None:
        self._waiting.extend(self.bus.poll())
        self._hand_over()
        dropped = self.bus.dropped
        if dropped != self._dropped:
            counters.add("engine_event_dropped", amount=dropped - self._dropped)
            _log.error("engine events were lost: the daemon is too slow", lost=dropped - self._dropped)
            self._dropped = dropped

    def _hand_over(self) -> None:
        while self._waiting:
            self._give(self._waiting.popleft())

    def _give(self, event: Event) -> None:
        handler = self._handlers.get((event.source, event.id)) or self._defaults.get(event.source)
        if handler is None:
            counters.add("engine_event_unowned")
            return
        try:
            handler(event)
        except Exception:  # one handset's trouble must not silence the others
            counters.add("engine_event_failed")
            _log.exception("event handler failed", source=event.source, id=event.id, kind=event.kind)
