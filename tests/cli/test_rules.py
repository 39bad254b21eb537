"""`kinline rules explain` and `calendar` as their users run them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import Site

SCENARIO: dict[str, Any] = {
    "profile": "ct-doc",
    "at": "2026-03-07T22:59:30-05:00",
    "facility": {"timezone": "America/New_York", "schedules": {"B2": [["08:00", "11:00"], ["13:00", "20:30"]]}},
    "inmate": {"id": "A1", "unit": "B2", "contacts": [{"number": "+12025550123"}]},
    "number": "+12025550123",
    "billing": "prepaid",
    "called_party": {"prepaid_micros": 3_150_000},
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The rules need no site; only the way to run the command is borrowed."""
    return Site(tmp_path)


def test_explain_says_who_refused_and_when_it_passes(site: Site) -> None:
    text = " ".join(site.ok("rules", "explain", "-", stdin=json.dumps(SCENARIO)).split())
    assert text.startswith("Denied by: hours (A.D. 10.7: calls only between 6:00 a.m. and 11:00 p.m.; the living unit).")
    assert "You may call again tomorrow at 8:00 AM." in text
    spanish = site.ok("rules", "explain", "-", "--language", "es", stdin=json.dumps(SCENARIO))
    assert spanish.startswith("Rechazada por: horario")


def test_explain_in_json_holds_the_decision(site: Site) -> None:
    decided = site.json("rules", "decide", "-", stdin=json.dumps(SCENARIO))
    explained = site.json("rules", "explain", "-", stdin=json.dumps(SCENARIO))
    assert explained["decision"] == decided
    assert [rule["rule"] for rule in explained["rules"] if rule["decisive"]] == ["hours"]


def test_calendar_lists_the_openings(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(SCENARIO))
    assert site.json("rules", "calendar", str(file), "--days", "2")["openings"] == [
        {"from": f"2026-03-08T{start}-04:00", "until": f"2026-03-08T{end}-04:00", "max_seconds": 900, "limited_by": "call_length"}
        for start, end in (("08:00:00", "11:00:00"), ("13:00:00", "20:30:00"))
    ]
    table = site.ok("rules", "calendar", str(file), "--days", "2")
    assert "2026-03-08 13:00:00" in table and "15 min" in table


def test_a_calendar_without_openings_says_how_to_learn_why(site: Site) -> None:
    stranger = SCENARIO | {"number": "+12025550199"}
    assert "rules explain" in site.ok("rules", "calendar", "-", stdin=json.dumps(stranger))
    assert site.json("rules", "calendar", "-", stdin=json.dumps(stranger)) == {"openings": []}


@pytest.mark.parametrize("verb", ["explain", "calendar"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at": "soon"}, "standard input: at:"),
        ({"facility": {"timezone": "Mars/Base"}}, "facility.timezone"),
        ({"profile": "nowhere"}, "'nowhere' does not exist"),
    ],
)
def test_what_is_wrong_is_named(site: Site, verb: str, change: dict[str, object], said: str) -> None:
    assert said in site.refused("rules", verb, "-", stdin=json.dumps(SCENARIO | change))
