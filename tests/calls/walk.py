"""Walks a visit step by step under a virtual clock, and holds it to the laws on the way."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase, Visit
from kinline.rules import Allow
from tests.calls.laws import PIN, Laws

NUMBER = "12025550123"
CALL = 4001
A = TypeVar("A", bound=act.Action)


def grant(max_seconds: int = 900, recorded: bool = True, warnings_at: tuple[int, ...] = (840,), **more: Any) -> Allow:
    return Allow(max_seconds, "call_max", recorded, recorded, 60_000, "debit", None, warnings_at, **more)


class Walk:
    """Each step returns the walk; `now` are the actions of the last step, `done` those of all."""

    def __init__(self, manners: Manners | None = None) -> None:
        self.visit = Visit(manners or Manners("North Unit"))
        self.laws = Laws(self.visit)
        self.clock_ns = 1_000_000_000
        self.now: list[act.Action] = []
        self.done: list[act.Action] = []

    def happen(self, event: ev.Event) -> Self:
        self.laws.before(event)
        self.now = self.visit.handle(event, self.clock_ns)
        self.done += self.now
        self.laws.after(event, self.now, self.clock_ns)
        return self

    def wait(self, seconds: float) -> Self:
        """Let time pass; timers ring on the way, in order. `now` becomes everything that came of it."""
        until = self.clock_ns + round(seconds * 1e9)
        came: list[act.Action] = []
        while due := [(at, name) for name, at in self.laws.timers.items() if at <= until]:
            self.clock_ns, name = min(due)
            came += self.happen(ev.Due(name)).now
        self.clock_ns, self.now = until, came
        return self

    # The caller

    def lifts(self) -> Self:
        return self.happen(ev.OffHook())

    def hangs_up(self) -> Self:
        return self.happen(ev.OnHook())

    def enters(self, digits: str, result: str = "complete") -> Self:
        return self.happen(ev.Entered(self.last(act.Collect).collect, result, digits))

    # The store

    def identified(self, *messages: ev.Message) -> Self:
        return self.happen(ev.Identified(self.last(act.CheckPin).ticket, 1, "R. Doe", "en", 5_000_000, messages))

    def named(self, sound: bytes | None) -> Self:
        return self.happen(ev.NameTaken(self.last(act.TakeName).ticket, sound))

    def unidentified(self, locked_seconds: int = 0) -> Self:
        return self.happen(ev.Unidentified(self.last(act.CheckPin).ticket, locked_seconds))

    def begun(self, allow: Allow | None = None, call: int = CALL, say_kept: bool = False) -> Self:
        return self.happen(ev.Begun(self.last(act.Attempt).ticket, call, allow or grant(), say_kept))

    def denied(self, prompt: str = "number_not_on_list") -> Self:
        return self.happen(ev.Denied(self.last(act.Attempt).ticket, prompt, {}))

    def stored(self) -> Self:
        return self.happen(ev.AcceptStored(self.last(act.StoreAccept).call))

    # The far end

    def answers(self) -> Self:
        return self.happen(ev.FarAnswered())

    def presses(self, digit: str) -> Self:
        return self.happen(ev.FarDigit(digit))

    def hears_it_out(self, as_meant: bool = True) -> Self:
        return self.happen(ev.Played(self.last(act.Say).token, as_meant))

    def ends(self, status: int = 200, by_remote: bool = True) -> Self:
        return self.happen(ev.FarEnded(status, by_remote))

    # What came of it

    @property
    def phase(self) -> Phase:
        return self.visit.phase

    def last(self, kind: type[A]) -> A:
        return next(action for action in reversed(self.done) if isinstance(action, kind))

    def all(self, kind: type[A]) -> list[A]:
        return [action for action in self.now if isinstance(action, kind)]

    def said(self, side: act.Side) -> list[str]:
        return [action.prompt for action in self.all(act.Say) if action.side is side]

    @property
    def end(self) -> tuple[str, str, int]:
        """Outcome, ended_by and talk seconds of the one call that was finished so far."""
        (finish,) = (action for action in self.done if isinstance(action, act.Finish))
        return finish.outcome.value, finish.ended_by.value, finish.talk_seconds


STEPS: dict[Phase, Callable[[Walk], Walk]] = {
    Phase.IDLE: lambda walk: walk,
    Phase.LANGUAGE: Walk.lifts,
    Phase.PIN: lambda walk: walk.enters("1"),
    Phase.CHECKING: lambda walk: walk.enters(PIN),
    Phase.NUMBER: Walk.identified,
    Phase.ATTEMPTING: lambda walk: walk.enters(NUMBER),
    Phase.INVITING: Walk.begun,
    Phase.MENU: Walk.answers,
    Phase.ACCEPTING: lambda walk: walk.presses("1"),
    Phase.TALK: Walk.stored,
    Phase.OVER: Walk.ends,
}
PHASES = tuple(STEPS)


def reach(phase: Phase, allow: Allow | None = None, manners: Manners | None = None) -> Walk:
    """A visit that has come straight to this phase."""
    walk = Walk(manners)
    for step, take in STEPS.items():
        walk = walk.begun(allow) if step is Phase.INVITING else take(walk)
        assert walk.phase is step
        if step is phase:
            return walk
    raise AssertionError(f"no way leads to {phase}")
