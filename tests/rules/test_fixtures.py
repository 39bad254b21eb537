"""Every rule that the documents and the law name, tried out.

Kinds of fixture: `decision` asks what `rules decide` answers; `grant` looks at what an allowed call carries besides;
`refused` is a scenario that cannot even be asked; `profile` is a fact that other parts read from the profile; `menu` is the
called party's key; `price` is a price against the legal caps; `test` names the tests that show the rule elsewhere.
"""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kinline.calls import actions as act
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase
from kinline.profiles import load_profile, price_caps
from kinline.rules import Allow, ScenarioError, decide, decision_json, read_scenario
from kinline.rules.caps import Service, excesses
from tests.calls.walk import reach
from tests.rules.fixtures import NEVER, Case, Fixture, pages

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = [fixture for page in pages() for fixture in page.fixtures]
# The published form of an answer.
_ALLOWED = {"allow", "max_seconds", "limited_by", "recorded", "monitored", "rate_micros_per_minute", "caller_id"}
CASES = [pytest.param(fixture, case, id=f"{fixture.name}: {case.name}") for fixture in FIXTURES for case in fixture.cases]


@pytest.mark.parametrize(("fixture", "case"), CASES)
def test_rule(fixture: Fixture, case: Case) -> None:
    _KINDS[fixture.kind](case)


@pytest.mark.parametrize("fixture", [f for f in FIXTURES if f.kind == "test"], ids=lambda f: f.name)
def test_the_tests_that_a_fixture_names_exist(fixture: Fixture) -> None:
    assert fixture.tests and not fixture.cases
    for test in fixture.tests:
        path, *names = test.split("::")
        assert _defines(ast.parse((ROOT / path).read_text()), names), f"{fixture.name}: there is no {test}"


def test_every_fixture_is_whole() -> None:
    names = [fixture.name for fixture in FIXTURES]
    assert len(names) == len(set(names))
    for fixture in FIXTURES:
        assert fixture.rule and fixture.source and (fixture.cases or fixture.tests), fixture.name


def _decided(case: Case) -> None:
    said = _answer(case)
    assert set(said) == (_ALLOWED if said["allow"] else {"allow", "deny"})
    assert _part_of(case.expect, said), f"{json.dumps(said, ensure_ascii=False, indent=1)}"


def _granted(case: Case) -> None:
    name, request = read_scenario(json.dumps(case.scenario))
    allow = decide(request, load_profile(name))
    assert isinstance(allow, Allow), allow
    carried = {
        "warnings_at": list(allow.warnings_at),
        "announced_at": [one.at_seconds for one in allow.announcements],
        "announced": sorted({one.prompt_id for one in allow.announcements}),
        "billing": allow.billing,
    }
    assert _part_of(case.expect, carried), carried


def _cannot_be_asked(case: Case) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(json.dumps(case.scenario))
    assert f"{case.expect['names']}:" in str(caught.value)


def _stands_in_profile(case: Case) -> None:
    profile = load_profile(case.scenario["profile"])
    for path, wanted in case.expect.items():
        value: Any = profile
        for part in path.split("."):
            value = value[int(part)] if part.isdigit() else getattr(value, part)
        assert _part_of(wanted, list(value) if isinstance(value, tuple) else value), path


def _key_means(case: Case) -> None:
    keys = load_profile(case.scenario["profile"]).acceptance
    manners = Manners(
        "North Unit", accept_digit=keys.accept, refuse_digit=keys.refuse, quote_digit=keys.quote, block_digit=keys.block
    )
    walk = reach(Phase.MENU, manners=manners).presses(case.scenario["key"])
    said = walk.said(act.Side.FAR)
    meaning = (
        "accepted"
        if walk.phase is Phase.ACCEPTING
        else "blocked"
        if walk.all(act.BlockNumber)
        else "quoted"
        if "rate_quote" in said
        else "refused"
        if walk.phase is not Phase.MENU
        else "nothing"
    )
    assert meaning == case.expect["means"]


def _price(case: Case) -> None:
    asked = case.scenario
    profile = load_profile(asked["profile"])
    priced = replace(profile, rate=replace(profile.rate, micros_per_minute=asked["micros_per_minute"]))
    service = Service(
        day=date.fromisoformat(asked["at"]),
        kind=asked.get("facility_kind"),
        population=asked.get("population"),
        state=asked.get("state"),
    )
    above = [excess for excess in excesses(priced, service, price_caps()) if excess.certain]
    assert [any(law in excess.text for excess in above) for law in case.expect["above"]] == [True] * len(case.expect["above"])
    assert len(above) == len(case.expect["above"])


_KINDS: Mapping[str, Callable[[Case], None]] = {
    "decision": _decided,
    "grant": _granted,
    "refused": _cannot_be_asked,
    "profile": _stands_in_profile,
    "menu": _key_means,
    "price": _price,
}


def _answer(case: Case) -> dict[str, Any]:
    name, request = read_scenario(json.dumps(case.scenario))
    return decision_json(decide(request, load_profile(name)))


def _part_of(expected: Any, said: Any) -> bool:
    if isinstance(expected, Mapping):
        return isinstance(said, Mapping) and all(key in said and _part_of(value, said[key]) for key, value in expected.items())
    return bool((said is None) if expected == NEVER else (said == expected))


def _defines(tree: ast.AST, names: list[str]) -> bool:
    name, *rest = names
    found = [
        node
        for node in ast.iter_child_nodes(tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
    ]
    return bool(found) and (not rest or _defines(found[0], rest))
