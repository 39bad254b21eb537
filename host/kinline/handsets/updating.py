"""One handset's way to another firmware over its link, pure: what it says and a clock in, what to send it out.

offering --wants--> sending --ready--> applying --new session--> proving --proved--> over. A cut cable, a restart of either
side or a caller in between delay it: it goes on with the next session, where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from kinline.handsets import _link as wire

SINCE_MINOR = 1  # of the link: before it, handsets are flashed by cable only
PIECE_BYTES = 240
_S = 1_000_000_000
ASK_NS = 5 * _S  # what was said is said again
SILENCE_NS = 120 * _S  # no progress for so long, though a session is open: given up
_BUSY_NS = 10 * _S  # a caller has the handset: asked again
_MOST_WANTED = 16 * PIECE_BYTES  # more at once would not fit the session's queue


class Phase(Enum):
    OFFERING = "offering"
    SENDING = "sending"
    APPLYING = "applying"
    PROVING = "proving"
    OVER = "over"


class Outcome(Enum):
    """How it ended; REASONS say it to people, and what to do."""

    DONE = "done"
    ALREADY = "already"
    BUSY = "busy"
    SPACE = "space"
    FLASH = "flash"
    DAMAGED = "damaged"
    SIGNATURE = "signature"
    FOREIGN = "foreign"
    REVISION = "revision"
    DOWNGRADE = "downgrade"
    MALFORMED = "malformed"
    ABSENT = "absent"
    FELL_BACK = "fell-back"
    TOO_OLD = "too-old"
    SILENT = "silent"


_REFUSALS = {
    wire.REASON_BUSY: Outcome.BUSY, wire.REASON_SPACE: Outcome.SPACE, wire.REASON_FLASH: Outcome.FLASH,
    wire.REASON_DAMAGED: Outcome.DAMAGED, wire.REASON_SIGNATURE: Outcome.SIGNATURE, wire.REASON_FOREIGN: Outcome.FOREIGN,
    wire.REASON_REVISION: Outcome.REVISION, wire.REASON_DOWNGRADE: Outcome.DOWNGRADE,
    wire.REASON_MALFORMED: Outcome.MALFORMED, wire.REASON_ABSENT: Outcome.ABSENT,
}  # fmt: skip

# What happened, and the next step.
REASONS = {
    Outcome.DONE: ("the handset runs it, and has proved it", ""),
    Outcome.ALREADY: ("the handset runs it already", ""),
    Outcome.BUSY: ("the handset is in use", "run this again once it is hung up"),
    Outcome.SPACE: ("the handset's flash or memory has no room for it", "flash the handset by cable: kinline tech flash"),
    Outcome.FLASH: ("the handset's flash does not take it: it may be worn", "replace the board: kinline tech swap"),
    Outcome.DAMAGED: ("what arrived is not what was sent", "test the line: kinline tech selftest"),
    Outcome.SIGNATURE: ("the handset does not trust whoever signed it", "take the bundle that your site's key has signed"),
    Outcome.FOREIGN: ("it is for another board or another MicroPython", "name the bundle for this board"),
    Outcome.REVISION: ("it needs a newer board", "keep the firmware that this board has"),
    Outcome.DOWNGRADE: ("it is older than what the handset runs", "to go back to the one before: kinline tech rollback"),
    Outcome.MALFORMED: ("it is no firmware bundle", "build it again: make firmware"),
    Outcome.ABSENT: ("the handset has no other whole firmware to start", "send it one: kinline tech update"),
    Outcome.FELL_BACK: ("it did not prove itself, and the handset went back to its old firmware",
                        "read its events: kinline tech logs"),
    Outcome.TOO_OLD: ("the handset's firmware takes no update over the link", "flash the handset by cable: kinline tech flash"),
    Outcome.SILENT: ("the handset does not answer", "check the cable, then run this again"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle's content, and its version and build as the handset will say them."""

    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        return sha256(self.content).digest()


class Updating:
    """offer is what the handset is to run, or None for the firmware in its other slot. All times are monotonic ns.

    Each method returns the messages to send. sent tells how many bytes of the offer the handset has; outcome is set
    once it is over, detail holds what the handset added to it.
    """

    def __init__(self, offer: Offer | None) -> None:
        self.offer = offer
        self.phase = Phase.OFFERING
        self.outcome: Outcome | None = None
        self.detail = ""
        self.sent = 0
        self._before: int | None = None  # the slot that ran when it began
        self._asked_ns = 0
        self._moved_ns: int | None = None
        self._wait_until_ns = 0
        self._damaged_once = False
        self.busy = False  # whether it waits for somebody to hang up

    @property
    def over(self) -> bool:
        return self.phase is Phase.OVER

    def opened(self, minor: int, now_ns: int) -> Sequence[wire.Message]:
        """A session with the handset has opened, or one is open as the update begins."""
        if self.over:
            return []
        if minor < SINCE_MINOR:
            return self._end(Outcome.TOO_OLD)
        self._moved_ns = now_ns
        if self.phase is Phase.APPLYING:
            self.phase = Phase.PROVING
        return self._ask(now_ns)

    def closed(self) -> None:
        """The session is down; what comes of it shows in the next one."""
        self._moved_ns = None

    def tick(self, now_ns: int) -> Sequence[wire.Message]:
        """Call a few times a second."""
        if self.over or self._moved_ns is None or now_ns < self._wait_until_ns:
            return []
        if now_ns - self._moved_ns >= SILENCE_NS:
            return self._end(Outcome.SILENT)
        return self._ask(now_ns) if now_ns - self._asked_ns >= ASK_NS else []

    def message(self, message: wire.Message, now_ns: int) -> Sequence[wire.Message]:
        """One message of the handset; those that are not about firmware are passed over."""
        if self.over:
            return []
        match message:
            case wire.Slots():
                return self._slots(message, now_ns)
            case wire.UpdateWant(offset, room):
                return self._wanted(offset, room, now_ns)
            case wire.UpdateState(state, reason, detail):
                return self._state(state, reason, detail, now_ns)
        return []

    # What is asked for

    def _ask(self, now_ns: int) -> Sequence[wire.Message]:
        self._asked_ns = now_ns
        # First of all, and after a restart, which slot runs; the answer leads on.
        if self._before is None or self.phase in (Phase.APPLYING, Phase.PROVING):
            return [wire.SlotsAsk()]
        return self._begin(now_ns)

    def _begin(self, now_ns: int) -> Sequence[wire.Message]:
        self._asked_ns = now_ns
        if self.offer is None:
            return [wire.SlotSwitch()]
        return [wire.UpdateOffer(len(self.offer.content), self.offer.digest)]

    # What comes

    def _slots(self, slots: wire.Slots, now_ns: int) -> Sequence[wire.Message]:
        name = (slots.a, slots.b)[slots.running & 1]
        if self._before is None:
            self._before = slots.running
            self._moved_ns = now_ns
            return self._begin(now_ns)
        arrived = name == self.offer.name if self.offer else slots.running != self._before
        if self.phase is Phase.PROVING and arrived:
            if not slots.trial:
                return self._end(Outcome.DONE)
            self._asked_ns = now_ns - ASK_NS + _S // 2  # it takes some seconds: asked again soon
            return []
        if self.phase is Phase.PROVING and slots.fell:
            self.detail = slots.fell
            return self._end(Outcome.FELL_BACK)
        if self.phase is Phase.PROVING:  # a session was lost before the handset restarted
            self.phase = Phase.OFFERING
            return self._begin(now_ns)
        return []

    def _wanted(self, offset: int, room: int, now_ns: int) -> Sequence[wire.Message]:
        if self.offer is None or offset >= len(self.offer.content):
            return []
        self.phase = Phase.SENDING
        self.busy = False
        self._moved_ns = self._asked_ns = now_ns
        self.sent = offset
        end = min(offset + min(room, _MOST_WANTED), len(self.offer.content))
        return [
            wire.UpdateData(at, self.offer.content[at : min(at + PIECE_BYTES, end)]) for at in range(offset, end, PIECE_BYTES)
        ]

    def _state(self, state: int, reason: int, detail: str, now_ns: int) -> Sequence[wire.Message]:
        self._moved_ns = self._asked_ns = now_ns
        self.detail = detail
        if state == wire.UPDATE_READY and self.offer:
            self.sent = len(self.offer.content)
            return [wire.UpdateApply()]
        if state == wire.UPDATE_APPLYING:
            self.phase = Phase.APPLYING
            return []
        if state == wire.UPDATE_CURRENT and self.sent:  # it has restarted without our hearing that it would
            self.phase = Phase.PROVING
            return [wire.SlotsAsk()]
        if state == wire.UPDATE_CURRENT:
            return self._end(Outcome.ALREADY)
        if reason == wire.REASON_BUSY:  # no failure: somebody telephones
            self.busy = True
            self._wait_until_ns = now_ns + _BUSY_NS
            return []
        if reason == wire.REASON_DAMAGED and not self._damaged_once:
            self._damaged_once = True
            return self._begin(now_ns)
        return self._end(_REFUSALS.get(reason, Outcome.MALFORMED))

    def _end(self, outcome: Outcome) -> Sequence[wire.Message]:
        self.outcome = outcome
        self.phase = Phase.OVER
        return []
