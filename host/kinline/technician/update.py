"""Other firmware into a board over its link: the way that the daemon goes as well (handsets/updating.py)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import serial

from kinline.handsets import _link as wire
from kinline.handsets.session import KeyOf, Opened
from kinline.handsets.updating import REASONS, Offer, Outcome, Phase, Updating
from kinline.technician.exits import Exit
from kinline.technician.link import BoardLink
from kinline.technician.trouble import Trouble

Advance = Callable[[int, int], None]
_BUSY_S = 60.0  # a technician waits so long for a caller to hang up
_AWAY_S = 60.0  # a board that fails its trial restarts three times
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
    course = _Course(link, first, Updating(offer))
    while not course.job.over:
        course.turn()
        if offer and course.job.phase is Phase.SENDING:
            advance(course.job.sent, len(offer.content))
    outcome = course.job.outcome
    assert outcome
    if outcome not in (Outcome.DONE, Outcome.ALREADY):
        raise _trouble(outcome, course.job.detail)
    return Updated(first.device, first.build, course.session.build, outcome is Outcome.ALREADY)


class _Course:
    """Carries what is said between the link and the update."""

    def __init__(self, link: BoardLink, first: Opened, job: Updating) -> None:
        self.job = job
        self.session = first
        self._link = link
        self._began = self._in_reach = time.monotonic()
        self._busy_since: float | None = None
        self._say(job.opened(first.minor, time.monotonic_ns()))

    def turn(self) -> None:
        """Serve the link for a moment. Raises Trouble when patience is at its end."""
        link = self._link
        link.until(lambda: link.messages or link.closings or link.opened is not self.session, _TURN_S)
        now = time.monotonic_ns()
        if link.closings:
            link.closings.clear()
            self.job.closed()
        if link.opened is not None and link.opened is not self.session:
            self.session = link.opened
            self._say(self.job.opened(self.session.minor, now))
        messages, link.messages = link.messages, []
        for message in messages:
            self._say(self.job.message(message, now))
        self._say(self.job.tick(now))
        self._hurry(time.monotonic())

    def _hurry(self, now: float) -> None:
        if not self.job.busy:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = now
        elif now - self._busy_since > _BUSY_S:
            raise _trouble(Outcome.BUSY, "")
        if self._link.up:
            self._in_reach = now
        if now - self._in_reach > _AWAY_S or now - self._began > _MOST_S:
            raise _trouble(Outcome.SILENT, "")

    def _say(self, messages: Sequence[wire.Message]) -> None:
        for message in messages:
            self._link.send(message)


def _trouble(outcome: Outcome, detail: str) -> Trouble:
    what, next_step = REASONS[outcome]
    what = f"{what} ({detail})" if detail else what
    return Trouble(f"update-{outcome.value}", what, next_step, _EXITS.get(outcome, Exit.BAD_IMAGE))
