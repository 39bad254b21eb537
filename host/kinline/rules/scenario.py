"""The JSON form of an attempt and of its decision."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kinline.failure import Failure
from kinline.rules.model import Allow, CallRequest, Decision

_REQUEST = TypeAdapter(CallRequest)


class ScenarioError(Failure, ValueError):
    """A scenario that cannot be read; the text names the key and what is wrong with it."""


def read_scenario(text: str | bytes, source: str = "scenario") -> tuple[str, CallRequest]:
    """The profile's name and the attempt. Raises ScenarioError."""
    try:
        scenario = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{source}: not readable as JSON: {error}") from error
    if not isinstance(scenario, dict) or not isinstance(profile := scenario.pop("profile", None), str):
        raise ScenarioError(f'{source}: write one object with a "profile", for example {{"profile": "ct-doc", ...}}')
    try:
        return profile, _REQUEST.validate_python(scenario)
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ScenarioError(f"{source}: " + "; ".join(faults)) from error


def decision_json(decision: Decision) -> dict[str, Any]:
    """The published form of a decision."""
    if isinstance(decision, Allow):
        return {
            "allow": True,
            "max_seconds": decision.max_seconds,
            "limited_by": decision.limited_by,
            "recorded": decision.recorded,
            "monitored": decision.monitored,
            "rate_micros_per_minute": decision.rate_micros_per_minute,
            "caller_id": decision.caller_id,
        }
    moment = decision.next_allowed_at
    return {
        "allow": False,
        "deny": {
            "rule": decision.rule,
            "text": dict(decision.text),
            "next_allowed_at": moment.isoformat() if moment else None,
        },
    }
