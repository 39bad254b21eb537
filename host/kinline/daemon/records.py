"""What a station asks of rules and store, as visit events. Runs on the one store thread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kinline.accounts.ledger import debit_account
from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import WAYS_OF, Payer
from kinline.calls.quality import Quality
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangement
from kinline.logs import log
from kinline.rules import CallRequest, Deny, NumberClass, Profile, decide, to_e164
from kinline.rules.allowances import talk_left
from kinline.rules.cut import cut_by
from kinline.rules.history import history_needed_since
from kinline.rules.pricing import priced
from kinline.rules.reasons import reason_text
from kinline.store.errors import CallRefused, DatabaseError
from kinline.store.pins import PinFound, PinLocked
from kinline.store.store import Store

LONGEST_SHORT_CODE = 4  # as many digits as the store keeps; no number is this short

_log = log(part="records")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to invite for a call record, and what the rules need to look at the call again."""

    number: str
    caller_id: str | None
    inmate: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """An attempt, once it is clear what the digits mean. Whoever calls an anonymous line is nobody."""

    number: str
    inmate: int | None
    number_class: NumberClass | None
    say_kept: bool

    @property
    def nameless(self) -> bool:
        return self.number_class == "anonymous"


class Records:
    """One handset's dealings with the database. `now` is the wall clock, aware."""

    def __init__(
        self, store: Store, device: str, arrangement: Arrangement, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._device = device
        self.arrangement = arrangement
        self._now = now
        self._targets: dict[int, Target] = {}
        self._unanswered: list[tuple[act.Attempt, datetime, str]] = []

    @property
    def handset(self) -> str:
        return self._device

    def check_pin(self, request: act.CheckPin) -> ev.Event:
        at = self._now()
        answer = self._store.inmate_by_pin(self._device, request.inmate_number, request.pin, at)
        if isinstance(answer, PinFound):
            inmate = answer.inmate
            balance = self._store.balance_micros(debit_account(inmate.id))
            waiting = tuple(ev.Message(left.id, left.text, left.language) for left in self._store.messages_for(inmate.id, at))
            manners = self.arrangement.manners
            voice = self._store.name_sound(inmate.id) if manners.spoken_names or manners.voice_tries else None
            return ev.Identified(
                request.ticket,
                inmate.id,
                inmate.name,
                inmate.language,
                balance,
                waiting,
                voice,
                inmate.voice_exempt,
                inmate.text_telephone,
            )
        # Named without the word that the log's redaction looks for, or the count would be hidden.
        counters.add("identity_refused", "locked" if isinstance(answer, PinLocked) else "wrong")
        until = answer.locked_until
        locked_seconds = max(1, int((until - at).total_seconds())) if until else 0
        _log.info("PIN refused", handset=self._device, locked_seconds=locked_seconds)
        return ev.Unidentified(request.ticket, locked_seconds)

    def account(self, request: act.AskAccount) -> ev.Event:
        """What the inmate has left. It is no attempt at a call, and leaves no record."""
        left = talk_left(self._request(request.inmate, "", self._now()), self.arrangement.profile)
        return ev.Account(request.ticket, self._store.balance_micros(debit_account(request.inmate)), left)

    def message_heard(self, message: int) -> None:
        self._store.message_heard(message, self._device, self._now())

    def keep_name(self, request: act.KeepName) -> None:
        self._store.keep_name(request.inmate, request.sound, self._device, self._now())

    def attempt(self, request: act.Attempt) -> ev.Event:
        """Decide, and leave a record either way. Whatever is in the way of that, `settle` leaves it (P8)."""
        at = self._now()
        try:
            return self._attempt(request, at)
        except Exception as error:
            database = isinstance(error, DatabaseError)
            cause = "the database did not answer" if database else f"could not be decided: {type(error).__name__}"
            self._unanswered.append((request, at, cause))
            raise

    def settle(self) -> None:
        """Leave one record, closed, of each attempt without an answer: it may have been stored or not. Raises DatabaseError
        if that is to be tried again; an attempt of which no record can be made stands in the way of no other.
        """
        while self._unanswered:
            request, at, cause = self._unanswered[0]
            try:
                asked, profile = self._asked_for(request), self.arrangement.profile.name
                self._store.fail_call(self._device, asked.inmate, asked.number, profile, at, cause, asked.number_class)
            except DatabaseError:
                raise
            except Exception:
                counters.add("attempt_unrecorded")
                _log.exception("an attempt leaves no record", handset=self._device, next="is the handset still enrolled?")
            del self._unanswered[0]

    def _asked_for(self, request: act.Attempt) -> _Asked:
        """What an attempt was, even where that is what could not be told: then it may have been an anonymous one (P9)."""
        try:
            return self._asked(request)
        except DatabaseError:
            raise
        except Exception:
            return _Asked("", None, "anonymous", say_kept=False)

    def _attempt(self, request: act.Attempt, at: datetime) -> ev.Event:
        asked, profile = self._asked(request), _chosen(self._priced(at), request.payer)
        decision = decide(self._request(asked.inmate, asked.number, at), profile)
        if not isinstance(decision, Deny):
            try:
                call = self._store.begin_call(
                    self._device,
                    asked.inmate,
                    asked.number,
                    decision,
                    profile.name,
                    at,
                    rate_source=profile.rate.source,
                    credits_faults=profile.rate.credit_faults,
                )
            except CallRefused as refused:
                rule = refused.rule  # lost to a call that began since the decision was gathered
                decision = Deny(rule, reason_text(rule, None, at), at)
            else:
                self._targets[call] = Target(asked.number, decision.caller_id, asked.inmate)
                if not asked.nameless:
                    _log.info(
                        "call begun",
                        handset=self._device,
                        call=call,
                        inmate=asked.inmate,
                        number=asked.number,
                        limit_seconds=decision.max_seconds,
                        limited_by=decision.limited_by,
                        recorded=decision.recorded,
                    )
                return ev.Begun(request.ticket, call, decision, asked.say_kept)
        self._store.deny_call(self._device, asked.inmate, asked.number, decision, profile.name, at, asked.number_class)
        if not asked.nameless:
            counters.add("call_denied", decision.rule)
            _log.info("call denied", handset=self._device, inmate=asked.inmate, rule=decision.rule)
        return ev.Denied(request.ticket, decision.prompt_id, decision.prompt_values, asked.nameless)

    def _asked(self, request: act.Attempt) -> _Asked:
        """What the digits mean: a line's code, a short code of the inmate's own, or a number."""
        digits, profile = request.dialled, self.arrangement.profile
        named = self.arrangement.by_code(digits)
        if named is None:
            if len(digits) <= LONGEST_SHORT_CODE:
                digits = self._store.dialed(request.inmate, self._device, digits)
            number = to_e164(digits, profile.numbers.home_regions[0]) or digits
            named = profile.named(number)
        else:
            number = named.number
        if named is None:
            return _Asked(number, request.inmate, None, say_kept=False)
        inmate = None if named.number_class == "anonymous" else request.inmate
        return _Asked(number, inmate, named.number_class, named.say_monitoring)

    def _priced(self, at: datetime) -> Profile:
        """The profile with the facility's prices of the day."""
        arranged = self.arrangement
        return priced(arranged.profile, arranged.rates, at.astimezone(arranged.zone).date())

    def _request(self, inmate: int | None, number: str, at: datetime) -> CallRequest:
        since = history_needed_since(self.arrangement.profile, at, self.arrangement.zone)
        return self._store.call_request(inmate, number, self._device, at, history_since=since)

    def cut_rule(self, call: int) -> str | None:
        """By which of staff's rules a call under way is stopped now; None if it goes on, or is over."""
        target = self._targets.get(call)
        if target is None:
            return None
        return cut_by(self._request(target.inmate, target.number, self._now()), self.arrangement.profile)

    def target(self, call: int) -> Target:
        """Whom to invite; known from the attempt on until the record is finished."""
        return self._targets[call]

    def accept(self, call: int, recording: Path) -> ev.Event:
        """The record knows its recording before the recorder starts: a crash leaves no file that nobody knows."""
        self._store.mark_accepted(call, self._now(), str(recording))
        return ev.AcceptStored(call)

    def report_alarms(self, standing: Mapping[str, str]) -> None:
        self._store.report_alarms(self._device, standing, self._now())

    def block_number(self, call: int, by_detector: bool) -> None:
        if by_detector:
            self._store.block_by_detector(call, self._now())
        else:
            self._store.block_by_called_party(call, self._now())

    def note_sign(self, action: act.NoteSign) -> None:
        self._store.note_sign(action.call, action.sign, action.confidence, self._now())

    def keep_text(self, call: int, side: str, text: str) -> None:
        """What was typed on a text telephone in a talk that may be kept."""
        self._store.keep_text(call, side, text, self._now())

    def finish(self, action: act.Finish, recording: Path | None, quality: Quality | None = None) -> None:
        self._targets.pop(action.call, None)
        info = self._store.end_call(
            action.call,
            action.outcome.value,
            action.ended_by.value,
            action.talk_seconds,
            self._now(),
            recording=str(recording) if recording else None,
            quality=quality,
        )
        if info.number_class == "anonymous":
            return
        _log.info(
            "call recorded",
            handset=self._device,
            call=info.id,
            outcome=info.outcome,
            ended_by=info.ended_by,
            talk_seconds=info.talk_seconds,
            charged_micros=info.charged_micros,
        )


def _chosen(profile: Profile, payer: Payer | None) -> Profile:
    """The profile with the ways of paying that the caller left open."""
    if payer is None:
        return profile
    methods = tuple(way for way in profile.paying.methods if way in WAYS_OF[payer])
    return replace(profile, paying=replace(profile.paying, methods=methods))
