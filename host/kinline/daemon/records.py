"""What a station asks of rules and store, as visit events. Runs on the one store thread."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kinline.accounts.ledger import debit_account
from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.counters import counters
from kinline.logs import log
from kinline.rules import Deny, Profile, decide, to_e164
from kinline.rules.pricing import priced
from kinline.rules.reasons import reason_text
from kinline.store import CallRefused, PinFound, PinLocked, Store

_log = log(part="records")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to invite for a call record."""

    number: str
    caller_id: str | None


class Records:
    """One handset's dealings with the database. `now` is the wall clock, aware."""

    def __init__(
        self, store: Store, device: str, profile: Profile, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._device = device
        self._profile = profile
        self._now = now
        self._targets: dict[int, Target] = {}

    def check_pin(self, request: act.CheckPin) -> ev.Event:
        at = self._now()
        answer = self._store.inmate_by_pin(self._device, request.inmate_number, request.pin, at)
        if isinstance(answer, PinFound):
            inmate = answer.inmate
            balance = self._store.balance_micros(debit_account(inmate.id))
            return ev.Identified(request.ticket, inmate.id, inmate.name, inmate.language, balance)
        # Named without the word that the log's redaction looks for, or the count would be hidden.
        counters.add("identity_refused", "locked" if isinstance(answer, PinLocked) else "wrong")
        until = answer.locked_until
        locked_seconds = max(1, int((until - at).total_seconds())) if until else 0
        _log.info("PIN refused", handset=self._device, locked_seconds=locked_seconds)
        return ev.Unidentified(request.ticket, locked_seconds)

    def attempt(self, request: act.Attempt) -> ev.Event:
        """Decide, and leave a record either way."""
        at = self._now()
        profile = self._priced(at)
        number = to_e164(request.dialled, profile.numbers.home_regions[0]) or request.dialled
        decision = decide(self._store.call_request(request.inmate, number, self._device, at), profile)
        if not isinstance(decision, Deny):
            try:
                call = self._store.begin_call(
                    self._device,
                    request.inmate,
                    number,
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
                self._targets[call] = Target(number, decision.caller_id)
                _log.info(
                    "call begun",
                    handset=self._device,
                    call=call,
                    inmate=request.inmate,
                    number=number,
                    limit_seconds=decision.max_seconds,
                    limited_by=decision.limited_by,
                    recorded=decision.recorded,
                )
                return ev.Begun(request.ticket, call, decision)
        self._store.deny_call(self._device, request.inmate, number, decision, profile.name, at)
        counters.add("call_denied", decision.rule)
        _log.info("call denied", handset=self._device, inmate=request.inmate, rule=decision.rule)
        return ev.Denied(request.ticket, decision.prompt_id, decision.prompt_values)

    def _priced(self, at: datetime) -> Profile:
        """The profile with the facility's prices of the day."""
        handset = self._store.handset(self._device)
        day = at.astimezone(ZoneInfo(handset.timezone)).date()
        return priced(self._profile, self._store.rates(handset.facility), day)

    def target(self, call: int) -> Target:
        """Whom to invite; known from the attempt on until the record is finished."""
        return self._targets[call]

    def accept(self, call: int, recording: Path) -> ev.Event:
        """The record knows its recording before the recorder starts: a crash leaves no file that nobody knows."""
        self._store.mark_accepted(call, self._now(), str(recording))
        return ev.AcceptStored(call)

    def checkpoint(self, call: int, talk_seconds: int) -> None:
        self._store.checkpoint({call: talk_seconds})

    def block_number(self, call: int) -> None:
        self._store.block_by_called_party(call, self._now())

    def finish(self, action: act.Finish, recording: Path | None) -> None:
        self._targets.pop(action.call, None)
        info = self._store.end_call(
            action.call,
            action.outcome.value,
            action.ended_by.value,
            action.talk_seconds,
            self._now(),
            recording=str(recording) if recording else None,
        )
        _log.info(
            "call recorded",
            handset=self._device,
            call=info.id,
            outcome=info.outcome,
            ended_by=info.ended_by,
            talk_seconds=info.talk_seconds,
            charged_micros=info.charged_micros,
        )
