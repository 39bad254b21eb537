"""Other firmware into a board over its link: the way that the daemon goes as well (handsets/updating.py)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import serial

from kinline.handsets import _link as wire
from kinline.handsets.session import KeyOf
from kinline.handsets.updating import REASONS, Offer, Outcome, Phase, Updating
from kinline.technician.exits import Exit
from kinline.technician.link import BoardLink
from kinline.technician.trouble import Trouble

Advance = Callable[[int, int], None]
_BUSY_S = 60.0  # a technician waits so long for a caller to hang up
_MOST_S = 600.0
_TURN_S = 0.05
_EXITS = {
    Outcome.BUSY: Exit.DECLINED, Outcome.SPACE: Exit.NOT_WRITTEN, Outcome.FLASH: Exit.NOT_WRITTEN,
    Outcome.DAMAGED: Exit.NOT_WRITTEN, Outcome.FELL_BACK: Exit.TEST_FAILED, Outcome.SILENT: Exit.SILENT,
    Outcome.REVISION: Exit.WRONG_BOARD, Outcome.TOO_OLD: Exit.BAD_IMAGE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Updated:
    """What the board ran and runs; already says that nothing had to be done."""

    device: str
    was: str
    now: str
    already: bool


def update(line: serial.SerialBase, key_of: KeyOf, offer: Offer | None, advance: Advance = lambda done, total: None) -> Updated:
    """See the board through to the offered firmware, proved, or with None to that of its other slot. Raises Trouble."""
    link = BoardLink(line, key_of)
    first = link.open()
    job = Updating(offer)
    _say(link, job.opened(first.minor, time.monotonic_ns()))
    session, began, busy_since = first, time.monotonic(), 0.0
    while not job.over:
        link.until(lambda: link.messages or link.closings or link.opened is not session, _TURN_S)
        now = time.monotonic_ns()
        if link.closings:
            link.closings.clear()
            job.closed()
        if link.opened is not None and link.opened is not session:
            session = link.opened
            _say(link, job.opened(session.minor, now))
        messages, link.messages = link.messages, []
        for message in messages:
            _say(link, job.message(message, now))
        _say(link, job.tick(now))
        if offer and job.phase is Phase.SENDING:
            advance(job.sent, len(offer.content))
        busy_since = (busy_since or time.monotonic()) if job.busy else 0.0
        if busy_since and time.monotonic() - busy_since > _BUSY_S:
            raise _trouble(Outcome.BUSY, "")
        if time.monotonic() - began > _MOST_S or (not link.up and time.monotonic_ns() - link.session.heard_ns > _MOST_S * 1e9 / 10):
            raise _trouble(Outcome.SILENT, "")
    assert job.outcome
    if job.outcome not in (Outcome.DONE, Outcome.ALREADY):
        raise _trouble(job.outcome, job.detail)
    return Updated(first.device, first.build, session.build, job.outcome is Outcome.ALREADY)


def _say(link: BoardLink, messages: Sequence[wire.Message]) -> None:
    for message in messages:
        link.send(message)


def _trouble(outcome: Outcome, detail: str) -> Trouble:
    what, next_step = REASONS[outcome]
    what = f"{what} ({detail})" if detail else what
    return Trouble(f"update-{outcome.value}", what, next_step, _EXITS.get(outcome, Exit.BAD_IMAGE))
