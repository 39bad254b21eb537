"""Handsets kept at the site's firmware: one after the other, each while nobody uses it (handsets/updating.py decides)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kinline.counters import counters
from kinline.handsets import _link as wire
from kinline.handsets.session import Opened
from kinline.handsets.updating import REASONS, SINCE_MINOR, Offer, Outcome, Updating
from kinline.logs import log

_NS = 1_000_000_000

_log = log(part="firmware")


@dataclass(slots=True)
class Upgrades:
    """What every handset of this daemon is to run, or None to leave them as they are. `busy` is the one under way."""

    offer: Offer | None = None
    idle_seconds: int = 20  # on hook before it begins
    busy: "Firmware | None" = None
    given_up: set[str] = field(default_factory=set)  # handsets, until the daemon starts again or they ask anew


class Firmware:
    """One handset's part. send(message) is the session's; idle() tells whether the telephone rests."""

    def __init__(self, upgrades: Upgrades, send: Callable[[wire.Message], None], idle: Callable[[], bool]) -> None:
        self._upgrades = upgrades
        self._send = send
        self._idle = idle
        self._job: Updating | None = None
        self._opened: Opened | None = None
        self._idle_since_ns: int | None = None

    def opened(self, opened: Opened) -> None:
        """A session is up."""
        self._opened = opened
        self._idle_since_ns = None
        if self._job:
            self._say(self._job.opened(opened.minor, time.monotonic_ns()))

    def closed(self) -> None:
        """It is down; an update under way goes on with the next one."""
        self._opened = None
        if self._job:
            self._job.closed()

    def message(self, message: wire.Message) -> None:
        """What the handset says of its firmware."""
        if self._job:
            self._say(self._job.message(message, time.monotonic_ns()))

    def tick(self) -> None:
        """Let time pass: begin when it is this handset's turn, go on, end."""
        now = time.monotonic_ns()
        if self._job:
            self._say(self._job.tick(now))
        elif self._due(now):
            assert self._opened and self._upgrades.offer
            _log.info("update begun", handset=self._opened.device, was=self._opened.build, to=self._upgrades.offer.name)
            counters.add("firmware_update_begun")
            self._upgrades.busy = self
            self._job = Updating(self._upgrades.offer)
            self._say(self._job.opened(self._opened.minor, now))

    def gone(self) -> None:
        """The port is given up: others may have their turn."""
        self.closed()
        if self._upgrades.busy is self:
            self._upgrades.busy, self._job = None, None

    def _due(self, now: int) -> bool:
        opened, offer = self._opened, self._upgrades.offer
        if not self._idle() or not opened:
            self._idle_since_ns = None
            return False
        self._idle_since_ns = now if self._idle_since_ns is None else self._idle_since_ns
        if offer is None or self._upgrades.busy or opened.build == offer.name or opened.device in self._upgrades.given_up:
            return False
        return now - self._idle_since_ns >= self._upgrades.idle_seconds * _NS or opened.minor < SINCE_MINOR

    def _say(self, messages: Sequence[wire.Message]) -> None:
        for message in messages:
            self._send(message)
        if self._job and self._job.over:
            self._ended(self._job)

    def _ended(self, job: Updating) -> None:
        self._job, self._upgrades.busy = None, None
        assert job.outcome
        counters.add("firmware_update_ended", job.outcome.value)
        device = self._opened.device if self._opened else ""
        what, next_step = REASONS[job.outcome]
        if job.outcome in (Outcome.DONE, Outcome.ALREADY):
            _log.info("update ended", handset=device, outcome=job.outcome.value)
            return
        self._upgrades.given_up.add(device)
        _log.error("update failed", handset=device, outcome=job.outcome.value, error=what, detail=job.detail, next=next_step)
