"""What holds for every visit, whatever happens: fed with each event and the actions that answered it."""

from dataclasses import dataclass, field

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.visit import Phase, Visit
from kinline.rules import Allow

SECOND = 1_000_000_000
PIN = "86420975"  # no other number of the tests holds these digits


@dataclass
class _Call:
    allow: Allow
    invited: bool = False
    accept_asked: bool = False
    accept_stored: bool = False
    started_ns: int | None = None
    stopped: bool = False
    finished: bool = False
    far_gone: bool = False  # hung up by us, or ended by itself
    failed_to_start: bool = False
    checkpoint: int = 0


@dataclass
class Laws:
    visit: Visit
    calls: dict[int, _Call] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)  # due times
    identified: bool = False
    _ids: set[tuple[str, int]] = field(default_factory=set)

    def before(self, event: ev.Event) -> None:
        """What the event itself changes in the world."""
        match event:
            case ev.Begun(_, call, allow):
                self.calls[call] = _Call(allow)
            case ev.FarEnded() if self.visit.call and self.calls[self.visit.call].invited:
                # Before the INVITE there is no far end to be gone; it is a stray.
                self.calls[self.visit.call].far_gone = True
            case ev.Identified():
                self.identified = True
            case ev.OffHook() if self.visit.phase is Phase.IDLE:
                self.identified = False
            case ev.AcceptStored(call) if call in self.calls:
                self.calls[call].accept_stored = True
            case ev.ActionFailed(act.StartTalk(call)) if call == self.visit.call:
                self.calls[call].failed_to_start = True
            case ev.Due(timer):
                self.timers.pop(timer, None)

    def after(self, event: ev.Event, actions: list[act.Action], now_ns: int) -> None:
        assert PIN not in repr(event), "P5: the event shows a PIN"
        for action in actions:
            assert PIN not in repr(action), "P5: the action shows a PIN"
            self._carried_out(action, now_ns)
        self._settled(event)

    def _carried_out(self, action: act.Action, now_ns: int) -> None:
        match action:
            case act.Collect(collect):
                assert 0 < collect <= 0xFFFF
                self._new("collect", collect)
            case act.CheckPin(ticket):
                self._new("ticket", ticket)
            case act.Say(side, _, token, values):
                self._new("token", token)
                if side is act.Side.FAR and self.visit.call and self.nameless(self.visit.call):
                    assert values.get("name") is None, "P9: an anonymous caller is named"
            case act.Attempt(ticket, inmate):
                self._new("ticket", ticket)
                assert inmate is None or self.identified, "an inmate whom nobody identified"
            case act.SetTimer(timer, after_ms):
                assert after_ms > 0
                self.timers[timer] = now_ns + after_ms * 1_000_000
            case act.ClearTimers():
                self.timers.clear()
            case act.Invite(call, recorded, monitored):
                assert not self.calls[call].invited, "invited twice"
                assert recorded == self.calls[call].allow.recorded, "P2: a recorder against the rules"
                assert monitored == self.calls[call].allow.monitored, "P2: listeners against the rules"
                self.calls[call].invited = True
            case act.StoreAccept(call):
                assert self.calls[call].invited and not self.calls[call].finished
                self.calls[call].accept_asked = True
            case act.StartTalk(call, limit_ms, recorded):
                self._started(self.calls[call], limit_ms, recorded, now_ns)
            case act.Checkpoint(call, talk_seconds):
                record = self.calls[call]
                assert record.checkpoint <= talk_seconds <= self._longest(record, now_ns)
                record.checkpoint = talk_seconds
            case act.StopTalk(call):
                assert self.calls[call].started_ns is not None and not self.calls[call].stopped
                self.calls[call].stopped = True
            case act.HangUpFar(call) | act.Farewell(call, _):
                assert self.calls[call].invited and not self.calls[call].far_gone, "hung up twice"
                self.calls[call].far_gone = True
            case act.BlockNumber(call):
                assert not self.calls[call].finished
                assert not self.nameless(call), "P9: a block is kept with the call that it came from"
            case act.Finish():
                self._finished(action, now_ns)

    def nameless(self, call: int) -> bool:
        return self.calls[call].allow.number_class == "anonymous"

    def _new(self, kind: str, number: int) -> None:
        assert (kind, number) not in self._ids, f"{kind} {number} used twice"
        self._ids.add((kind, number))

    def _started(self, record: _Call, limit_ms: int, recorded: bool, now_ns: int) -> None:
        assert record.accept_asked and record.accept_stored, "P1: talk without a stored acceptance"
        assert record.started_ns is None, "talk started twice"
        assert not record.finished and not record.far_gone
        assert limit_ms == record.allow.max_seconds * 1000
        assert recorded == record.allow.recorded, "P2: recorded against the rules"
        record.started_ns = now_ns

    def _finished(self, finish: act.Finish, now_ns: int) -> None:
        record = self.calls[finish.call]
        assert not record.finished, "P8: two ends of one record"
        record.finished = True
        if record.started_ns is None:
            assert finish.outcome not in (act.Outcome.COMPLETED, act.Outcome.THIRD_PARTY)
            assert finish.talk_seconds == 0, "P4: charged without talk"
            return
        if record.failed_to_start:
            assert (finish.outcome, finish.ended_by, finish.talk_seconds) == (act.Outcome.FAULT, act.EndedBy.FAULT, 0)
            assert record.stopped, "what was begun of the talk goes on"
            return
        by_detector = finish.ended_by is act.EndedBy.DETECTOR
        assert finish.outcome is (act.Outcome.THIRD_PARTY if by_detector else act.Outcome.COMPLETED)
        assert record.stopped, "the gate is closed before the record is"
        assert 0 <= finish.talk_seconds <= self._longest(record, now_ns), "P4: charged for more than the talk"

    @staticmethod
    def _longest(record: _Call, now_ns: int) -> int:
        """The most seconds that may be charged now: the grant, or the talk so far and the clocks' grace."""
        assert record.started_ns is not None
        return min(record.allow.max_seconds, (now_ns - record.started_ns + SECOND // 2) // SECOND)

    def _settled(self, event: ev.Event) -> None:
        live = self.visit.call
        for number, record in self.calls.items():
            assert record.finished == (number != live), f"P8: call {number} has no end, or lives on after it"
            assert number == live or record.far_gone or not record.invited, "the far end was left hanging"
        if not live:
            assert not self.timers, "a timer waits for a call that is over"
        if isinstance(event, ev.OnHook | ev.LinkLost):
            assert self.visit.phase is Phase.IDLE
        assert (self.visit.phase is Phase.TALK) == bool(live and self.calls[live].started_ns is not None)
