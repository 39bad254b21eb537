"""The JSON form: read as published, answered as published, refused with the key's name."""

import json

import pytest

from kinline.profiles import load_profile
from kinline.rules import ScenarioError, decide, decision_json, read_scenario

SCENARIO: dict[str, object] = {
    "profile": "ct-doc",
    "at": "2026-03-02T05:59:30-05:00",
    "facility": {
        "timezone": "America/New_York",
        "suspended": False,
        "schedules": {"C1": [["08:00", "11:00"], ["13:00", "20:30"]]},
    },
    "inmate": {
        "id": "A1",
        "unit": "B2",
        "debit_micros": 0,
        "restrictions": [{"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}],
        "contacts": [{"number": "+12025550123", "status": "approved", "class": "social", "line": "landline"}],
    },
    "number": "+12025550123",
    "billing": "prepaid",
    "called_party": {"blocked": False, "prepaid_micros": 3_150_000, "direct_bill": False},
    "history": [{"start": "2026-03-01T12:00:00-05:00", "talk_seconds": 900, "number": "+12025550123", "outcome": "completed"}],
}


def answer(scenario: dict[str, object]) -> dict[str, object]:
    name, request = read_scenario(json.dumps(scenario))
    return decision_json(decide(request, load_profile(name)))


def test_denied_in_the_published_form() -> None:
    said = answer(SCENARIO)
    assert said["allow"] is False
    deny = said["deny"]
    assert isinstance(deny, dict)
    assert set(deny) == {"rule", "text", "next_allowed_at"}
    assert deny["rule"] == "hours"
    assert deny["next_allowed_at"] == "2026-03-02T06:00:00-05:00"


def test_allowed_in_the_published_form() -> None:
    assert answer(SCENARIO | {"at": "2026-03-02T06:00:00-05:00"}) == {
        "allow": True,
        "max_seconds": 900,
        "limited_by": "call_length",
        "recorded": True,
        "monitored": True,
        "rate_micros_per_minute": 210_000,
        "caller_id": None,
    }


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"at": "2026-03-02T06:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"colour": 1}, "colour"),
        ({"called_party": {"prepaid_micros": -1}}, "called_party.prepaid_micros"),
        ({"called_party": {"prepaid_micros": 1.5}}, "called_party.prepaid_micros"),
        ({"facility": {"schedules": {"B2": [["11:00", "08:00"]]}}}, "facility.schedules.B2.0"),
        ({"inmate": {"contacts": [{"number": "+12025550123", "class": "friend"}]}}, "inmate.contacts.0.class"),
        ({"billing": "credit_card"}, "billing"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, object], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(json.dumps(SCENARIO | change), "case.json")
    assert f"{key}:" in str(caught.value) and str(caught.value).startswith("case.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"profile": 3}', b"\xff\xfe", "[" * 5000])
def test_what_is_no_scenario_is_said_so(text: str | bytes) -> None:
    with pytest.raises(ScenarioError):
        read_scenario(text)
