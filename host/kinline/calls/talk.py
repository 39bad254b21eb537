"""What is said into a talk, and when: the warnings before its end, and where the call comes from."""

from kinline.calls import actions as act
from kinline.calls.actions import Side
from kinline.calls.manners import Manners
from kinline.rules import Allow

_WARNING, _ANNOUNCEMENT = "warning", "announcement"


def speech_timers(allow: Allow) -> list[act.SetTimer]:
    """A timer for each thing to say in the talk, named so that `speech_due` knows it again."""
    return [act.SetTimer(name, at * 1000) for at, name in _plan(allow) if 0 < at < allow.max_seconds]


def said_first(allow: Allow) -> list[str]:
    """The names of what is said as the talk begins."""
    return [name for at, name in _plan(allow) if at == 0]


def speech_due(name: str, manners: Manners, token: int) -> act.Say | None:
    """What to say by this name; None if it is no speech of ours."""
    kind, _, detail = name.partition(":")
    if kind == _WARNING:
        return act.Say(Side.BOTH, "warning", token, {"seconds": int(detail)}, overlay=True)
    if kind == _ANNOUNCEMENT:
        prompt = detail.partition(":")[0]
        return act.Say(Side.BOTH, prompt, token, {"facility": manners.facility}, overlay=True)
    return None


def _plan(allow: Allow) -> list[tuple[int, str]]:
    warnings = [(at, f"{_WARNING}:{allow.max_seconds - at}") for at in allow.warnings_at if at > 0]
    announced = [(said.at_seconds, f"{_ANNOUNCEMENT}:{said.prompt_id}:{said.at_seconds}") for said in allow.announcements]
    return [*warnings, *announced]
