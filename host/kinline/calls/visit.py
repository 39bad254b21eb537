"""One visit to a handset, from off hook to on hook: language, PIN, number, invitation, menu, talk, end.

idle -> language -> identity -> checking -> number -> attempting -> inviting -> menu -> accepting -> talk -> over
                                              ^------- denied or not reached -------'
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Action, EndedBy, Outcome, Side, Tone
from kinline.rules import Allow
from kinline.rules.model import Language

_SECOND = 1_000_000_000
LONGEST_MENU_MS = 60_000  # the menu takes 15 s; a far end that takes no audio must not hold the line for ever
_MILLISECOND = 1_000_000


class Phase(StrEnum):
    IDLE = "idle"
    LANGUAGE = "language"
    INMATE_NUMBER = "inmate_number"
    PIN = "pin"
    CHECKING = "checking"
    NUMBER = "number"
    ATTEMPTING = "attempting"
    INVITING = "inviting"
    MENU = "menu"
    ACCEPTING = "accepting"
    TALK = "talk"
    OVER = "over"


class PinMode(StrEnum):
    ID_AND_PIN = "id+pin"
    PIN = "pin"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Manners:
    """A facility's choices for the conversation with the caller and the called party. Times in milliseconds.

    A key of the called party's menu that is None is not offered.
    """

    facility: str
    pin_mode: PinMode = PinMode.PIN
    languages: tuple[Language, ...] = ("en", "es")
    pin_least: int = 4
    pin_most: int = 12
    accept_digit: str = "1"
    refuse_digit: str | None = "2"
    quote_digit: str | None = "3"
    block_digit: str | None = "9"
    first_key_ms: int = 15_000
    key_gap_ms: int = 5_000
    ring_limit_ms: int = 45_000
    menu_patience_ms: int = 6_000
    menu_times: int = 2
    number_tries: int = 3
    pin_tries: int = 3
    checkpoint_ms: int = 1_000
    deadline_grace_ms: int = 500  # the handset mutes at the deadline by itself; this much later the host does


# What the caller hears and the record says for a final SIP status (RFC 3261 section 21).
_NOT_REACHED: dict[int, tuple[Outcome, str]] = {
    404: (Outcome.NOT_FOUND, "number_not_in_service"),
    410: (Outcome.NOT_FOUND, "number_not_in_service"),
    484: (Outcome.NOT_FOUND, "number_not_in_service"),
    604: (Outcome.NOT_FOUND, "number_not_in_service"),
    486: (Outcome.BUSY, "called_party_busy"),
    600: (Outcome.BUSY, "called_party_busy"),
    480: (Outcome.NO_ANSWER, "no_answer"),
    487: (Outcome.NO_ANSWER, "no_answer"),
    603: (Outcome.REFUSED, "called_party_refused"),
}
_TROUBLE = (Outcome.FAULT, "trouble")


class Visit:
    """Feed events in the order they happen; carry out the returned actions in order."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self.phase = Phase.IDLE
        self._counter = 0  # tokens, tickets and collects: never reused, so a late answer fits nothing
        self._left_by = EndedBy.CALLER  # who ended the visit, for an attempt that the store answers afterwards
        self._reset()

    def _reset(self) -> None:
        self.language = self._manners.languages[0]
        self._forget_questions()
        self._misses = self._attempts = self._menus_said = 0
        self._inmate_number: str | None = None
        self._inmate = 0
        self._name = self._dialled = ""
        self._call = 0
        self._allow: Allow | None = None
        self._accepted_ns = 0

    def _forget_questions(self) -> None:
        """Nothing is awaited any more: an answer that still comes fits nothing, whatever id it carries."""
        self._ticket: int | None = None
        self._collect: int | None = None
        self._token: int | None = None

    @property
    def call(self) -> int:
        """The call record in hand, 0 for none."""
        return self._call

    def handle(self, event: ev.Event, now_ns: int) -> list[Action]:
        """One event at one time. Events that no longer fit (late answers) return nothing."""
        match event:
            case ev.OffHook():
                return self._off_hook() if self.phase is Phase.IDLE else []
            case ev.OnHook():
                return self._leave(Outcome.ABANDONED, EndedBy.CALLER, now_ns)
            case ev.LinkLost(last_heard_ns):
                return self._leave(Outcome.FAULT, EndedBy.FAULT, min(last_heard_ns, now_ns))
            case ev.StaffCut():
                return self._cut(now_ns)
            case ev.Entered(collect, result, digits):
                return self._entered(result, digits) if collect == self._collect else []
            case ev.Played(token):
                return self._played() if token == self._token else []
            case ev.Identified(ticket):
                return self._identified(event) if self._awaits(Phase.CHECKING, ticket) else []
            case ev.Unidentified(ticket, locked_seconds):
                return self._unidentified(locked_seconds) if self._awaits(Phase.CHECKING, ticket) else []
            case ev.Begun(ticket):
                return self._begun(event) if self._awaits(Phase.ATTEMPTING, ticket) else self._begun_in_vain(event)
            case ev.Denied(ticket, prompt, values):
                return self._not_reached(prompt, values) if self._awaits(Phase.ATTEMPTING, ticket) else []
            case ev.Failed(ticket, call):
                return self._failed(ticket, call)
            case ev.FarAnswered():
                return self._menu() if self.phase is Phase.INVITING else []
            case ev.FarDigit(digit):
                return self._far_digit(digit)
            case ev.AcceptStored(call):
                fits = self.phase is Phase.ACCEPTING and call == self._call
                return self._talk(now_ns) if fits else []
            case ev.FarEnded(status, by_remote):
                return self._far_ended(status, by_remote, now_ns)
            case ev.TalkMuted(call, cause, talk_ms):
                return self._muted(call, cause, talk_ms, now_ns)
            case ev.Due(timer):
                return self._due(timer, now_ns)

    def _awaits(self, phase: Phase, ticket: int) -> bool:
        return self.phase is phase and ticket == self._ticket

    # The caller's side, up to the number

    def _off_hook(self) -> list[Action]:
        self._reset()
        if len(self._manners.languages) == 1:
            return self._ask_identity()
        self.phase = Phase.LANGUAGE
        return [act.Listen(60_000), self._say(Side.NEAR, "choose_language"), self._ask("digit", 1, 1, "")]

    def _ask_identity(self) -> list[Action]:
        mode = self._manners.pin_mode
        if mode is PinMode.NONE:
            return self._check("")
        if mode is PinMode.ID_AND_PIN and self._inmate_number is None:
            self.phase = Phase.INMATE_NUMBER
            return [act.Listen(60_000), self._say(Side.NEAR, "enter_inmate_number"), self._ask("number", 1, 12, "#")]
        self.phase = Phase.PIN
        question = self._ask("secret", self._manners.pin_least, self._manners.pin_most, "#")
        return [act.Listen(60_000), self._say(Side.NEAR, "enter_pin"), question]

    def _check(self, pin: str) -> list[Action]:
        self.phase = Phase.CHECKING
        self._ticket = self._next()
        return [act.Hush(Side.NEAR), act.CheckPin(self._ticket, self._inmate_number, pin)]

    def _identified(self, event: ev.Identified) -> list[Action]:
        self._ticket = None
        self._inmate, self._name = event.inmate, event.name
        if len(self._manners.languages) == 1 and event.language is not None:  # nobody asked: the inmate's own
            self.language = event.language
        return self._ask_number("balance_and_number", {"balance": event.balance_micros})

    def _unidentified(self, locked_seconds: int) -> list[Action]:
        self._ticket = None
        self._misses += 1
        self._inmate_number = None
        if locked_seconds:
            return self._over("handset_locked", {"seconds": locked_seconds})
        if self._misses >= self._manners.pin_tries:
            return self._over("please_hang_up")
        if self._manners.pin_mode is PinMode.NONE:  # no PIN was asked for, so none can be asked for again
            return self._over("trouble")
        first, *rest = self._ask_identity()
        return [first, act.Say(Side.NEAR, "pin_wrong", self._next()), *rest]

    def _ask_number(self, prompt: str, values: dict[str, Any] | None = None) -> list[Action]:
        self.phase = Phase.NUMBER
        return [act.Listen(120_000), self._say(Side.NEAR, prompt, values), self._ask("number", 3, 15, "#")]

    def _entered(self, result: str, digits: str) -> list[Action]:
        self._collect = None
        if result != "complete":
            return self._over("please_hang_up")
        match self.phase:
            case Phase.LANGUAGE:
                choices = {str(i): language for i, language in enumerate(self._manners.languages, 1)}
                self.language = choices.get(digits, self.language)
                return [act.Hush(Side.NEAR), *self._ask_identity()]
            case Phase.INMATE_NUMBER:
                self._inmate_number = digits
                return [act.Hush(Side.NEAR), *self._ask_identity()]
            case Phase.PIN:
                return self._check(digits)
            case Phase.NUMBER:
                self.phase = Phase.ATTEMPTING
                self._ticket, self._dialled = self._next(), digits
                return [act.Hush(Side.NEAR), act.Attempt(self._ticket, self._inmate, digits)]
            case _:
                return []

    def _not_reached(self, prompt: str, values: dict[str, Any] | None = None) -> list[Action]:
        """Say why, and offer another number while tries remain."""
        self._ticket = None
        self._attempts += 1
        if self._attempts >= self._manners.number_tries:
            return self._over(prompt, values)
        return [act.PlayTone(Tone.NONE), self._say(Side.NEAR, prompt, values), *self._ask_number("enter_number")]

    # The called party's side

    def _begun_in_vain(self, event: ev.Begun) -> list[Action]:
        """The visit ended while the record was being written: close it again."""
        outcome = Outcome.ABANDONED if self._left_by is EndedBy.CALLER else Outcome.FAULT
        return [act.Finish(event.call, outcome, self._left_by, 0)]

    def _begun(self, event: ev.Begun) -> list[Action]:
        self._ticket = None
        self.phase = Phase.INVITING
        self._call, self._allow = event.call, event.allow
        return [
            act.Listen(self._manners.ring_limit_ms + 120_000),
            act.Invite(event.call, event.allow.recorded),
            self._say(Side.NEAR, "connecting"),
            act.PlayTone(Tone.RINGBACK),
            act.SetTimer("ring", self._manners.ring_limit_ms),
        ]

    def _menu(self) -> list[Action]:
        self.phase = Phase.MENU
        self._menus_said = 0
        return [act.ClearTimers(), *self._say_menu()]

    def _say_menu(self) -> list[Action]:
        assert self._allow is not None
        self._menus_said += 1
        kept = self._allow.recorded, self._allow.monitored
        notice = {(True, True): "menu_recorded", (False, False): "menu_private"}.get(kept, "menu_unrecorded")
        values = {"name": self._name, "facility": self._manners.facility, **self._rate_and_keys}
        return [self._say(Side.FAR, notice, values), act.SetTimer("menu", LONGEST_MENU_MS)]

    @property
    def _rate_and_keys(self) -> dict[str, Any]:
        assert self._allow is not None
        m = self._manners
        keys = {"accept": m.accept_digit, "refuse": m.refuse_digit, "quote": m.quote_digit, "block": m.block_digit}
        return {"rate": self._allow.rate_micros_per_minute, **keys}

    def _far_digit(self, digit: str) -> list[Action]:
        if self.phase is not Phase.MENU:
            return []
        manners = self._manners
        hush: list[Action] = [act.ClearTimers(), act.Hush(Side.FAR)]
        if digit == manners.accept_digit:
            self.phase = Phase.ACCEPTING
            self._token = None
            return [*hush, act.StoreAccept(self._call)]
        if digit == manners.quote_digit:
            quote = self._say(Side.FAR, "rate_quote", self._rate_and_keys)
            return [*hush, quote, act.SetTimer("menu", LONGEST_MENU_MS)]
        if digit == manners.refuse_digit:
            return [*hush, *self._part(Outcome.REFUSED, "called_party_refused", "refused_thanks")]
        if digit == manners.block_digit:
            block = act.BlockNumber(self._call)
            return [*hush, block, *self._part(Outcome.BLOCKED, "called_party_refused", "blocked_thanks")]
        return []

    def _part(self, outcome: Outcome, near_prompt: str, far_prompt: str | None) -> list[Action]:
        """No talk came of it: the record is closed, both hear why, the far end is hung up."""
        call, self._call, self._allow = self._call, 0, None
        finish = act.Finish(call, outcome, EndedBy.CALLED_PARTY, 0)
        farewell = act.Farewell(call, far_prompt) if far_prompt else act.HangUpFar(call)
        return [finish, farewell, *self._over(near_prompt)]

    # The talk

    def _talk(self, now_ns: int) -> list[Action]:
        assert self._allow is not None
        self.phase = Phase.TALK
        self._accepted_ns = now_ns
        limit_ms = self._allow.max_seconds * 1000
        grace = limit_ms + self._manners.deadline_grace_ms
        warnings: list[Action] = [
            act.SetTimer(f"warning:{self._allow.max_seconds - at}", at * 1000)
            for at in self._allow.warnings_at
            if 0 < at < self._allow.max_seconds
        ]
        return [
            act.PlayTone(Tone.NONE),
            act.Hush(Side.BOTH),
            act.StartTalk(self._call, limit_ms, self._allow.recorded),
            act.SetTimer("deadline", grace),
            act.SetTimer("checkpoint", self._manners.checkpoint_ms),
            *warnings,
        ]

    def _talk_seconds(self, end_ns: int) -> int:
        """Whole seconds since acceptance, rounded down, never more than the grant."""
        if not self._accepted_ns or self._allow is None:
            return 0
        return max(0, min((end_ns - self._accepted_ns) // _SECOND, self._allow.max_seconds))

    def _end_talk(self, ended_by: EndedBy, talk_seconds: int) -> list[Action]:
        call, self._call, self._allow, self._accepted_ns = self._call, 0, None, 0
        self.phase = Phase.OVER
        return [
            act.ClearTimers(),
            act.StopTalk(call),
            act.Finish(call, Outcome.COMPLETED, ended_by, talk_seconds),
        ]

    def _time_over(self, talk_seconds: int) -> list[Action]:
        call = self._call
        ended = self._end_talk(EndedBy.CLOCK, talk_seconds)
        return [*ended, act.Farewell(call, "time_over"), *self._over("time_over")]

    def _muted(self, call: int, cause: str, talk_ms: int, now_ns: int) -> list[Action]:
        if self.phase is not Phase.TALK or call != self._call:
            return []
        assert self._allow is not None
        if cause == "deadline":
            # Two clocks measured the same talk: what comes within the grace of the whole grant is the whole grant,
            # but no handset makes a talk longer than the host saw it.
            grace_ms = self._manners.deadline_grace_ms
            complete = talk_ms + grace_ms >= self._allow.max_seconds * 1000
            claimed = self._allow.max_seconds if complete else talk_ms // 1000
            return self._time_over(min(claimed, self._talk_seconds(now_ns + grace_ms * _MILLISECOND)))
        ended_by = EndedBy.CALLER if cause == "on_hook" else EndedBy.FAULT
        talk_seconds = min(talk_ms // 1000, self._talk_seconds(now_ns))
        far = act.HangUpFar(call)
        reason = "trouble" if ended_by is EndedBy.FAULT else ""
        return [*self._end_talk(ended_by, talk_seconds), far, *self._over(reason)]

    # Ends

    def _far_ended(self, status: int, by_remote: bool, now_ns: int) -> list[Action]:
        match self.phase:
            case Phase.TALK:
                ended_by = EndedBy.CALLED_PARTY if by_remote else EndedBy.FAULT
                return [*self._end_talk(ended_by, self._talk_seconds(now_ns)), *self._over("call_ended")]
            case Phase.MENU | Phase.ACCEPTING:
                return self._close_attempt(Outcome.REFUSED, "called_party_refused")
            case Phase.INVITING:
                outcome, prompt = _NOT_REACHED.get(status, _TROUBLE)
                return self._close_attempt(outcome, prompt)
            case _:
                return []

    def _close_attempt(self, outcome: Outcome, prompt: str) -> list[Action]:
        call, self._call, self._allow = self._call, 0, None
        ended_by = EndedBy.FAULT if outcome is Outcome.FAULT else EndedBy.CALLED_PARTY
        finish = act.Finish(call, outcome, ended_by, 0)
        return [act.ClearTimers(), act.Hush(Side.NEAR), finish, *self._not_reached(prompt)]

    def _failed(self, ticket: int, call: int) -> list[Action]:
        if self.phase in (Phase.CHECKING, Phase.ATTEMPTING) and ticket == self._ticket:
            self._ticket = None
            return self._over("trouble")
        if self.phase is Phase.ACCEPTING and call == self._call:
            return [act.HangUpFar(self._call), *self._close_attempt(Outcome.FAULT, "trouble")]
        return []

    def _cut(self, now_ns: int) -> list[Action]:
        if self.phase is Phase.IDLE:
            return []
        stop: list[Action] = [act.StopCollect(self._collect)] if self._collect is not None else []
        released = self._release(Outcome.FAULT, EndedBy.STAFF, now_ns)
        return [*stop, *released, act.Hush(Side.NEAR), *self._over("call_cut")]

    def _leave(self, outcome: Outcome, ended_by: EndedBy, end_ns: int) -> list[Action]:
        """On hook, or out of reach: everything ends, nothing is said."""
        if self.phase is Phase.IDLE:
            return []
        actions = self._release(outcome, ended_by, end_ns)
        self.phase = Phase.IDLE
        self._reset()
        return [*actions, act.PlayTone(Tone.NONE), act.Hush(Side.NEAR)]

    def _release(self, outcome: Outcome, ended_by: EndedBy, end_ns: int) -> list[Action]:
        """Let go of the call in hand, whatever its phase; its record is closed exactly once."""
        self._forget_questions()
        self._left_by = ended_by
        call, in_talk = self._call, self.phase is Phase.TALK
        if not call:
            return []
        if in_talk:
            return [*self._end_talk(ended_by, self._talk_seconds(end_ns)), act.HangUpFar(call)]
        self._call, self._allow = 0, None
        return [act.ClearTimers(), act.HangUpFar(call), act.Finish(call, outcome, ended_by, 0)]

    def _over(self, prompt: str, values: dict[str, Any] | None = None) -> list[Action]:
        """Nothing more in this visit but to hang up."""
        self.phase = Phase.OVER
        said: list[Action] = [self._say(Side.NEAR, prompt, values)] if prompt else []
        return [act.PlayTone(Tone.NONE), act.Listen(20_000), *said]

    # Prompts and timers

    def _played(self) -> list[Action]:
        self._token = None
        if self.phase is Phase.MENU:
            return [act.SetTimer("menu", self._manners.menu_patience_ms)]
        return []

    def _due(self, timer: str, now_ns: int) -> list[Action]:
        name, _, detail = timer.partition(":")
        match name, self.phase:
            case "ring", Phase.INVITING:
                return [act.HangUpFar(self._call), *self._close_attempt(Outcome.NO_ANSWER, "no_answer")]
            case "menu", Phase.MENU:
                if self._menus_said < self._manners.menu_times:
                    return self._say_menu()
                return self._part(Outcome.NOT_ACCEPTED, "no_answer", None)
            case "warning", Phase.TALK:
                return [act.Say(Side.BOTH, "warning", self._next(), {"seconds": int(detail)}, overlay=True)]
            case "checkpoint", Phase.TALK:
                again = act.SetTimer("checkpoint", self._manners.checkpoint_ms)
                return [act.Checkpoint(self._call, self._talk_seconds(now_ns)), again]
            case "deadline", Phase.TALK:
                return self._time_over(self._talk_seconds(now_ns))
            case _:
                return []

    def _say(self, side: Side, prompt: str, values: dict[str, Any] | None = None) -> act.Say:
        self._token = self._next()
        return act.Say(side, prompt, self._token, values or {})

    def _ask(self, kind: str, least: int, most: int, closing: str) -> act.Collect:
        collect = self._collect = self._next() % 0xFFFF + 1  # 16 bits on the wire; 0 is no collect
        m = self._manners
        return act.Collect(collect, kind, least, most, closing, m.first_key_ms, m.key_gap_ms)

    def _next(self) -> int:
        self._counter += 1
        return self._counter
