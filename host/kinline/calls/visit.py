"""One visit to a handset, from off hook to on hook: language, PIN, number, invitation, menu, talk, end.

idle -> language -> identity -> checking -> messages -> naming | voice -> number -> attempting -> inviting -> menu -> accepting
             |          |                            paying ---^  ^---- account               ^---- telling    -> talk -> over
             '----------'---> line (without a PIN) -------> attempting ...

A number that is denied or not reached leads back to number or line, or to who pays if it was for the money.
"""

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Action, EndedBy, Outcome, Side, Tone
from kinline.calls.asking import Asking
from kinline.calls.dialogue import TYPING_MS, Phase
from kinline.calls.manners import Manners
from kinline.calls.menu import account_digit, block_digit, kept_prompt, menu_values, nameless, quote_values
from kinline.calls.signs import TEXT_TELEPHONE, consequence, machine, noted
from kinline.calls.talk import said_first, speech_due, speech_timers
from kinline.rules import Allow

__all__ = ["Phase", "Visit"]

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
LONGEST_MENU_MS = 60_000  # the menu takes 20 s; a far end that takes no audio must not hold the line for ever
LONGEST_NOTICE_MS = 20_000  # the notice takes 3 s; a handset that plays nothing must not hold the record open for ever

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
# Where nothing but the end of what is said leads on.
_AFTER_WORDS = (Phase.MESSAGES, Phase.NAMING, Phase.VOICE, Phase.TELLING, Phase.MENU)


class Visit(Asking):
    """Feed events in the order they happen; carry out the returned actions in order."""

    def __init__(self, manners: Manners) -> None:
        super().__init__(manners)
        self._left_by = EndedBy.CALLER  # who ended the visit, for an attempt that the store answers afterwards

    def _reset(self) -> None:
        super()._reset()
        self._menus_said = self._quotes_said = 0
        self._typed_menu = False
        self._call = 0
        self._invited = False
        self._allow: Allow | None = None
        self._accepted_ns = 0

    @property
    def call(self) -> int:
        """The call record in hand, 0 for none."""
        return self._call

    @property
    def unspoken(self) -> bool:
        """Whether the log is silent of this step: while an attempt is decided, nobody knows yet how private it will be."""
        return self.nameless or self.phase is Phase.ATTEMPTING

    @property
    def nameless(self) -> bool:
        """Whether the call in hand is one of which nothing may be noted (safety property P9)."""
        return self._allow is not None and nameless(self._allow)

    def handle(self, event: ev.Event, now_ns: int) -> list[Action]:
        """One event at one time. Events that no longer fit (late answers) return nothing."""
        match event:
            case ev.OffHook(manners):
                return self._off_hook(manners) if self.phase is Phase.IDLE else []
            case ev.OnHook():
                return self._leave(Outcome.ABANDONED, EndedBy.CALLER, now_ns)
            case ev.LinkLost(last_heard_ns):
                return self._leave(Outcome.FAULT, EndedBy.FAULT, min(last_heard_ns, now_ns))
            case ev.StaffCut():
                return self._cut(now_ns)
            case ev.Entered(collect, result, digits):
                return self._entered(result, digits) if collect == self._collect else []
            case ev.Played(token, as_meant):
                return self._played(as_meant) if token == self._token else []
            case ev.Identified(ticket):
                return self._identified(event) if self._awaits(Phase.CHECKING, ticket) else []
            case ev.NameTaken(ticket, sound):
                if self._awaits(Phase.VOICE, ticket):
                    return self._voice_taken(sound)
                return self._name_taken(sound) if self._awaits(Phase.NAMING, ticket) else []
            case ev.VoiceChecked(ticket, same):
                return self._voice_checked(same) if self._awaits(Phase.VOICE, ticket) else []
            case ev.Unidentified(ticket, locked_seconds):
                return self._unidentified(locked_seconds) if self._awaits(Phase.CHECKING, ticket) else []
            case ev.Account(ticket):
                return self._account(event) if self._awaits(Phase.ACCOUNT, ticket) else []
            case ev.Begun(ticket):
                return self._begun(event) if self._awaits(Phase.ATTEMPTING, ticket) else self._begun_in_vain(event)
            case ev.Denied(ticket, prompt, values):
                return self._not_reached(prompt, values) if self._awaits(Phase.ATTEMPTING, ticket) else []
            case ev.Failed(ticket, call):
                return self._failed(ticket, call)
            case ev.ActionFailed(action):
                return self._trouble() if self._waits_for(action) else []
            case ev.FarAnswered():
                return self._menu() if self.phase is Phase.INVITING else []
            case ev.FarDigit(digit):
                return self._far_digit(digit)
            case ev.Heard(sign, confidence):
                return self._heard(sign, confidence, now_ns)
            case ev.AcceptStored(call):
                fits = self.phase is Phase.ACCEPTING and call == self._call
                return self._talk(now_ns) if fits else []
            case ev.FarEnded(status, by_remote):
                return self._far_ended(status, by_remote, now_ns)
            case ev.TalkMuted(call, cause, talk_ms):
                return self._muted(call, cause, talk_ms, now_ns)
            case ev.Due(timer):
                return self._due(timer, now_ns)

    # The called party's side

    def _begun_in_vain(self, event: ev.Begun) -> list[Action]:
        """The visit ended while the record was being written: close it again."""
        outcome = Outcome.ABANDONED if self._left_by is EndedBy.CALLER else Outcome.FAULT
        return [act.Finish(event.call, outcome, self._left_by, 0)]

    def _begun(self, event: ev.Begun) -> list[Action]:
        self._ticket = None
        self._call, self._allow, self._invited = event.call, event.allow, False
        if not event.say_kept:
            return self._invite(event.allow)
        self.phase = Phase.TELLING
        notice = self._say(Side.NEAR, kept_prompt(event.allow))
        patience = LONGEST_NOTICE_MS + (TYPING_MS if self._typed else 0)
        return [act.Listen(60_000), notice, act.SetTimer("notice", patience)]

    def _invite(self, allow: Allow) -> list[Action]:
        self.phase, self._invited = Phase.INVITING, True
        return [
            act.ClearTimers(),
            act.Listen(self._manners.ring_limit_ms + 120_000),
            act.Invite(self._call, allow.recorded, allow.monitored),
            self._say(Side.NEAR, "connecting"),
            act.PlayTone(Tone.RINGBACK),
            act.SetTimer("ring", self._manners.ring_limit_ms),
        ]

    def _menu(self) -> list[Action]:
        self.phase = Phase.MENU
        self._menus_said = self._quotes_said = 0
        self._typed_menu = False
        return [act.ClearTimers(), *self._say_menu()]

    def _say_menu(self) -> list[Action]:
        assert self._allow is not None
        self._menus_said += 1
        name = None if self._by_line else self._name
        menu = self._say(Side.FAR, "menu", menu_values(self._manners, self._allow, name))
        return [menu, act.SetTimer("menu", LONGEST_MENU_MS)]

    def _far_digit(self, digit: str) -> list[Action]:
        if self.phase is not Phase.MENU or self._allow is None:
            return []
        manners = self._manners
        hush: list[Action] = [act.ClearTimers(), act.Hush(Side.FAR)]
        if digit == manners.accept_digit:
            self.phase = Phase.ACCEPTING
            self._token = None
            return [*hush, act.StoreAccept(self._call)]
        if digit == manners.quote_digit and self._quotes_said < manners.quote_times:
            self._quotes_said += 1
            quote = self._say(Side.FAR, "rate_quote", quote_values(manners, self._allow))
            return [*hush, quote, act.SetTimer("menu", LONGEST_MENU_MS)]
        if digit == manners.refuse_digit:
            return [*hush, *self._part(Outcome.REFUSED, "called_party_refused", "refused_thanks")]
        if digit == account_digit(manners, self._allow):
            return [*hush, *self._part(Outcome.ACCOUNT_OFFERED, "account_offered", "account_thanks")]
        if digit == block_digit(manners, self._allow):
            block = act.BlockNumber(self._call)
            return [*hush, block, *self._part(Outcome.BLOCKED, "called_party_blocked", "blocked_thanks")]
        return []

    def _part(self, outcome: Outcome, near_prompt: str, far_prompt: str | None) -> list[Action]:
        """No talk came of it: the record is closed, both hear why, the far end is hung up."""
        call, self._call, self._allow = self._call, 0, None
        finish = act.Finish(call, outcome, EndedBy.CALLED_PARTY, 0)
        farewell = act.Farewell(call, far_prompt) if far_prompt else act.HangUpFar(call)
        return [finish, farewell, act.Hush(Side.NEAR), *self._over(near_prompt)]

    # The talk

    def _talk(self, now_ns: int) -> list[Action]:
        assert self._allow is not None
        self.phase = Phase.TALK
        self._accepted_ns = now_ns
        limit_ms = self._allow.max_seconds * 1000
        grace = limit_ms + self._manners.deadline_grace_ms
        first = [say for name in said_first(self._allow) if (say := speech_due(name, self._manners, self._next()))]
        return [
            act.PlayTone(Tone.NONE),
            act.Hush(Side.BOTH),
            act.StartTalk(self._call, limit_ms, self._allow.recorded),
            act.SetTimer("deadline", grace),
            act.SetTimer("checkpoint", self._manners.checkpoint_ms),
            *speech_timers(self._allow),
            *first,
        ]

    def _talk_seconds(self, end_ns: int) -> int:
        """Whole seconds since acceptance, rounded down, never more than the grant."""
        if not self._accepted_ns or self._allow is None:
            return 0
        return max(0, min((end_ns - self._accepted_ns) // _SECOND, self._allow.max_seconds))

    def _end_talk(self, ended_by: EndedBy, talk_seconds: int, outcome: Outcome = Outcome.COMPLETED) -> list[Action]:
        call, self._call, self._allow, self._accepted_ns = self._call, 0, None, 0
        self.phase = Phase.OVER
        return [
            act.ClearTimers(),
            act.StopTalk(call),
            act.Finish(call, outcome, ended_by, talk_seconds),
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

    # What is heard on the line

    def _heard(self, sign: str, confidence: int, now_ns: int) -> list[Action]:
        if self._allow is None or self.phase not in (Phase.MENU, Phase.ACCEPTING, Phase.TALK):
            return []
        note: list[Action] = [act.NoteSign(self._call, sign, confidence)] if noted(self._manners, self._allow) else []
        if self.phase is Phase.MENU and (end := machine(self._manners, sign, confidence)):
            return [*note, act.Hush(Side.FAR), act.HangUpFar(self._call), *self._close_attempt(*end)]
        if self.phase is Phase.MENU and sign == TEXT_TELEPHONE and not self._typed_menu:
            self._typed_menu = True  # nobody there heard what was said so far
            return [*note, act.ClearTimers(), act.Hush(Side.FAR), *self._say_menu()]
        if self.phase is not Phase.TALK:
            return note
        match consequence(self._manners, self._allow, sign, confidence):
            case "warn":
                return [*note, act.Say(Side.BOTH, "third_party_warning", self._next(), overlay=True)]
            case "cut":
                return [*note, *self._cut_by_detector(now_ns)]
            case "block":
                return [*note, act.BlockNumber(self._call, by_detector=True), *self._cut_by_detector(now_ns)]
            case _:
                return note

    def _cut_by_detector(self, now_ns: int) -> list[Action]:
        """An outcome of its own: no gap follows, no allowance is used up, and the charge can be given back."""
        call = self._call
        ended = self._end_talk(EndedBy.DETECTOR, self._talk_seconds(now_ns), Outcome.THIRD_PARTY)
        return [*ended, act.Farewell(call, "third_party_cut"), *self._over("third_party_cut")]

    # Ends

    def _far_ended(self, status: int, by_remote: bool, now_ns: int) -> list[Action]:
        match self.phase:
            case Phase.TALK:
                ended_by = EndedBy.CALLED_PARTY if by_remote else EndedBy.FAULT
                return [*self._end_talk(ended_by, self._talk_seconds(now_ns)), *self._over("call_ended")]
            case Phase.INVITING | Phase.MENU | Phase.ACCEPTING if not by_remote:  # ours, or the line's: nobody refused
                return self._close_attempt(*_TROUBLE)
            case Phase.MENU | Phase.ACCEPTING:
                return self._close_attempt(Outcome.REFUSED, "called_party_refused")
            case Phase.INVITING:
                return self._close_attempt(*_NOT_REACHED.get(status, _TROUBLE))
            case _:
                return []

    def _close_attempt(self, outcome: Outcome, prompt: str) -> list[Action]:
        call, self._call, self._allow = self._call, 0, None
        ended_by = EndedBy.FAULT if outcome is Outcome.FAULT else EndedBy.CALLED_PARTY
        finish = act.Finish(call, outcome, ended_by, 0)
        return [act.ClearTimers(), act.Hush(Side.NEAR), finish, *self._not_reached(prompt)]

    def _failed(self, ticket: int, call: int) -> list[Action]:
        asked = self.phase in (Phase.CHECKING, Phase.ACCOUNT, Phase.ATTEMPTING) and ticket == self._ticket
        return self._trouble() if asked or (self.phase is Phase.ACCEPTING and call == self._call) else []

    def _waits_for(self, action: Action) -> bool:
        """Whether the visit would stand still, or go on as if this had been done."""
        match action:
            case act.Invite(call) | act.StoreAccept(call) | act.StartTalk(call):
                return call == self._call
            case (
                act.CheckPin(ticket)
                | act.AskAccount(ticket)
                | act.Attempt(ticket)
                | act.TakeName(ticket)
                | act.CheckVoice(ticket)
            ):
                return ticket == self._ticket
            case act.Collect(collect):
                return collect == self._collect
            case act.Say(token=token):
                return token == self._token and self.phase in _AFTER_WORDS
            case _:
                return False

    def _trouble(self) -> list[Action]:
        """A fault of ours is in the way: the call in hand ends, costs nothing, and the caller is told."""
        call, in_talk, invited = self._call, self.phase is Phase.TALK, self._invited
        self._forget_questions()
        if not call:
            return self._over("trouble")
        far: list[Action] = [act.HangUpFar(call)] if invited else []
        if in_talk:
            return [*self._end_talk(EndedBy.FAULT, 0, Outcome.FAULT), *far, *self._over("trouble")]
        return [*far, *self._close_attempt(*_TROUBLE)]

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
        far: list[Action] = [act.HangUpFar(call)] if self._invited else []
        return [act.ClearTimers(), *far, act.Finish(call, outcome, ended_by, 0)]

    # Prompts and timers

    def _played(self, as_meant: bool) -> list[Action]:
        self._token = None
        match self.phase:
            case Phase.MESSAGES:
                return self._message_played(as_meant)
            case Phase.NAMING | Phase.VOICE:
                return self._name_asked()
            case Phase.TELLING if self._allow is not None:
                return self._invite(self._allow)
            case Phase.MENU:
                return [act.SetTimer("menu", self._manners.menu_patience_ms)]
            case _:
                return []

    def _due(self, timer: str, now_ns: int) -> list[Action]:
        match timer, self.phase:
            case "ring", Phase.INVITING:
                return [act.HangUpFar(self._call), *self._close_attempt(Outcome.NO_ANSWER, "no_answer")]
            case "menu", Phase.MENU:
                if self._menus_said < self._manners.menu_times:
                    return self._say_menu()
                return self._part(Outcome.NOT_ACCEPTED, "no_answer", None)
            case "notice", Phase.TELLING:
                return self._trouble()
            case "checkpoint", Phase.TALK:
                again = act.SetTimer("checkpoint", self._manners.checkpoint_ms)
                return [act.Checkpoint(self._call, self._talk_seconds(now_ns)), again]
            case "deadline", Phase.TALK:
                return self._time_over(self._talk_seconds(now_ns))
            case _, Phase.TALK:
                said = speech_due(timer, self._manners, self._next())
                return [said] if said else []
            case _:
                return []
