"""The decision in words: every rule is told of, with its source, and the decisive one stands out."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given

from kinline.profiles import load_profile
from kinline.rules import CalledParty, CallRequest, Contact, Facility, Profile, Restriction, decide, decision_json
from kinline.rules.decide import LIMITS, RULES
from kinline.rules.explain import Explanation, Finding, explain, explanation_json, in_words
from kinline.rules.model import Place
from kinline.rules.profile import Beatable, Floor, Minutes
from kinline.rules.reasons import LANGUAGES, REASONS
from kinline.rules.words import RULE_NAMES, SOURCES, length_text
from tests.rules.cases import MOTHER, NOON, RULE, ago, inmate, request
from tests.rules.strategies import profiles, requests

CT = load_profile("ct-doc")


def of(explanation: Explanation, rule: str) -> list[Finding]:
    return [finding for finding in explanation.findings if finding.rule == rule]


@given(requests, profiles())
def test_tells_the_decision_and_every_rule(attempt: CallRequest, profile: Profile) -> None:
    explanation = explain(attempt, profile)
    decision = decide(attempt, profile)
    assert explanation.decision == decision
    assert {finding.rule for finding in explanation.findings} | {"floor"} == {*RULES, "floor"}
    decisive = {finding.rule for finding in explanation.findings if finding.decisive}
    said = decision_json(decision)
    name = said["limited_by"] if said["allow"] else said["deny"]["rule"]
    assert decisive & ({name, "suspension"} if name == "restriction" else {name})
    for finding in explanation.findings:
        assert finding.verdict == "allows" or finding.source
    for language in LANGUAGES:
        lines = in_words(explanation, language)
        assert len(lines) == 1 + len(explanation.findings) + len(explanation.guarantees)
        assert all(line and "{" not in line for line in lines)
    assert json.loads(json.dumps(explanation_json(explanation)))["decision"] == said


def test_the_limit_and_its_source() -> None:
    explanation = explain(request(phone=Place(call_seconds=300)), CT)
    assert [(one.seconds, one.source, one.decisive) for one in of(explanation, "call_length")] == [
        (900, "A.D. 10.7: each call is limited to 15 minutes", False),
        (300, "phone", True),
    ]
    assert in_words(explanation, "en")[0] == "Allowed for 5 min, limited by: length of a call (this telephone)."
    assert in_words(explanation, "es")[0] == "Permitida por 5 min, limitada por: duración de la llamada (este teléfono)."


@pytest.mark.parametrize("stop", [None, Restriction(kind="administrative"), Restriction(kind="sanction")])
def test_a_floor_that_a_sanction_ends_does_not_stand(stop: Restriction | None) -> None:
    floor = Floor(period="month", calls=1, beats=("restriction", "minutes"), unless=("sanction",), **RULE)
    attempt = request(inmate=inmate(restrictions=(stop,) if stop else ()))
    (said,) = explanation_json(explain(attempt, replace(CT, floors=(floor,))))["floors"]
    assert said["stands"] is (stop is None or stop.kind != "sanction")


def test_a_refusal_and_when_it_passes() -> None:
    explanation = explain(request(at=NOON.replace(hour=5)), CT)
    (hours,) = of(explanation, "hours")
    assert (hours.verdict, hours.decisive, str(hours.until)) == ("refuses", True, "2026-03-02 06:00:00-05:00")
    assert in_words(explanation, "en")[0] == (
        "Denied by: hours (A.D. 10.7: calls only between 6:00 a.m. and 11:00 p.m.). "
        "Calls are not allowed at this hour. You may call again today at 6:00 AM."
    )


def test_what_a_floor_beats() -> None:
    floor = Floor(period="day", minutes=90, beats=("minutes", "restriction"), source="the law", effective=NOON.date())
    rules = replace(CT, floors=(floor,), minutes=(Minutes(period="day", most=30, **RULE),))
    explanation = explain(request(history=(ago(7200, talk=85 * 60),)), rules)
    (minutes,), (law,) = of(explanation, "minutes"), of(explanation, "floor")
    assert (minutes.verdict, minutes.beaten_by, minutes.decisive) == ("refuses", "the law", False)
    assert (law.seconds, law.source, law.decisive) == (300, "the law", True)
    assert "guaranteed by law: stands for 5 min (the law)" in in_words(explanation, "en")
    met = explain(request(history=(ago(7200, talk=90 * 60),)), rules)
    assert "garantizado por ley: no vigente ahora (the law)" in in_words(met, "es")


def test_every_rule_has_its_names_and_reasons() -> None:
    denying = list(RULES)[:-1]
    assert set(REASONS) == set(denying)
    assert {*RULES, "floor"} == set(RULE_NAMES)
    assert set(LIMITS) <= set(RULE_NAMES) and set(get_args(Beatable)) <= set(RULES)
    for words in (*RULE_NAMES.values(), *SOURCES.values(), *REASONS.values()):
        assert set(words) == set(LANGUAGES) and all(words.values())


def test_sources_of_the_site_have_words() -> None:
    """Every source that is not a profile's text."""
    stop = (Restriction(until=NOON + timedelta(days=1)),)
    attempt = request(
        facility=Facility(timezone="America/New_York", suspensions=stop, blocked_prefixes=("+1",), call_seconds=1),
        unit=Place(suspended=True, call_seconds=1),
        phone=Place(suspended=True, call_seconds=1),
        inmate=inmate(restrictions=stop, on_call=True, call_seconds=1, contacts=(Contact(MOTHER, call_seconds=1),)),
        called_party=CalledParty(blocked=True),
        billing="direct_bill",
    )
    rules = replace(CT, paying=replace(CT.paying, methods=("direct_bill",)))
    texts = {rule.source for rule in (CT.call_length, CT.rate, CT.contact_list, CT.paying) if rule}
    hours = CT.hours
    assert hours is not None
    invalid = explain(replace(attempt, number="+1202555012", billing="prepaid"), CT)
    found = {finding.source for finding in (*explain(attempt, rules).findings, *invalid.findings) if finding.source}
    assert found - texts - {hours.source} <= set(SOURCES)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (900, "15 min"), (3605, "1 h 5 s"), (5430, "1 h 30 min 30 s")]
)
def test_lengths(seconds: int, text: str) -> None:
    assert length_text(seconds) == text
