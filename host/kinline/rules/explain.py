"""A decision with its reasons: what every rule said of the attempt, who set it, and which one was decisive."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kinline.rules import floors
from kinline.rules.case import Bound, Case, case_of
from kinline.rules.decide import RULES, Findings, answer, find
from kinline.rules.floors import Guarantee
from kinline.rules.model import CallRequest, Decision, Deny
from kinline.rules.profile import Profile
from kinline.rules.reasons import LANGUAGES, written_moment
from kinline.rules.scenario import decision_json
from kinline.rules.words import OUTCOMES, RULE_NAMES, VERDICTS, length_text, source_text

Verdict = Literal["allows", "limits", "refuses"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word. `until` is when a refusal passes by itself; `beaten_by` is the source of the floor that beats it."""

    rule: str
    verdict: Verdict
    seconds: int | None = None
    source: str = ""
    until: datetime | None = None
    beaten_by: str | None = None
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """`findings` are in the published order of the rules; one rule may have several, and one that is silent allows."""

    decision: Decision
    decided_at: datetime
    findings: tuple[Finding, ...]
    guarantees: tuple[Guarantee, ...]

    @property
    def decisive(self) -> Finding:
        return next(finding for finding in self.findings if finding.decisive)


def explain(request: CallRequest, profile: Profile) -> Explanation:
    """The decision of `decide`, and what led to it. Raises ValueError if the facility's time zone is unknown."""
    findings = find(case_of(request, profile))
    case = findings.case
    told = [_told(bound, findings) for bound in findings.bounds]
    # A floor's own bound is nobody's rule until it is the one that limits.
    floored = [_told(bound, findings) for bound in findings.final if bound.rule == "floor"]
    silent = set(RULES) - {finding.rule for finding in told}
    order = [*RULES, "floor"]
    everything = [*told, *floored, *(Finding(rule, "allows") for rule in silent)]
    return Explanation(
        decision=answer(findings),
        decided_at=case.at.astimezone(case.zone),
        findings=tuple(sorted(everything, key=lambda finding: order.index(finding.rule))),
        guarantees=tuple(findings.guarantees),
    )


def _told(bound: Bound, findings: Findings) -> Finding:
    left = next(iter(floors.raised([bound], findings.guarantees)), None)
    beating = next((given for given in findings.guarantees if given.stands and given.touches(bound)), None)
    return Finding(
        rule=bound.rule,
        verdict="refuses" if bound.refuses else "limits",
        seconds=None if bound.refuses else bound.seconds,
        source=bound.source,
        until=_local(bound.changes_at, findings.case) if bound.refuses else None,
        beaten_by=beating.floor.source if beating is not None and left is not bound else None,
        decisive=bound == findings.binding,
    )


def _local(moment: datetime | None, case: Case) -> datetime | None:
    return moment.astimezone(case.zone) if moment else None


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The published form: the decision's own, the findings, the floors, and all of it in words for each language."""
    return {
        "decision": decision_json(explanation.decision),
        "rules": [
            {
                "rule": finding.rule,
                "verdict": finding.verdict,
                "seconds": finding.seconds,
                "source": finding.source or None,
                "until": finding.until.isoformat() if finding.until else None,
                "beaten_by": finding.beaten_by,
                "decisive": finding.decisive,
            }
            for finding in explanation.findings
        ],
        "floors": [
            {"source": given.floor.source, "stands": given.stands, "seconds": given.seconds, "free": given.floor.free}
            for given in explanation.guarantees
        ],
        "text": {language: in_words(explanation, language) for language in LANGUAGES},
    }


def in_words(explanation: Explanation, language: str) -> list[str]:
    """Lines for people: the outcome first, then every rule, then the floors."""
    lines = [_outcome(explanation, language)]
    lines += [_finding_words(finding, explanation.decided_at, language) for finding in explanation.findings]
    return lines + [_floor_words(given, language) for given in explanation.guarantees]


def _outcome(explanation: Explanation, language: str) -> str:
    decision, decisive = explanation.decision, explanation.decisive
    said = {"rule": RULE_NAMES[decisive.rule][language], "source": source_text(decisive.source, language)}
    if isinstance(decision, Deny):
        return OUTCOMES["denied"][language].format(**said, text=decision.text[language])
    return OUTCOMES["allowed"][language].format(**said, length=length_text(decision.max_seconds))


def _finding_words(finding: Finding, now: datetime, language: str) -> str:
    if finding.verdict == "limits":
        verdict = VERDICTS["limits"][language].format(length=length_text(finding.seconds or 0))
    elif finding.until is not None:
        verdict = VERDICTS["refuses_until"][language].format(moment=written_moment(finding.until, now, language))
    else:
        verdict = VERDICTS[finding.verdict][language]
    if finding.beaten_by is not None:
        verdict += ", " + VERDICTS["beaten"][language].format(floor=source_text(finding.beaten_by, language))
    source = f" ({source_text(finding.source, language)})" if finding.source else ""
    return f"{RULE_NAMES[finding.rule][language]}: {verdict}{source}"


def _floor_words(given: Guarantee, language: str) -> str:
    if not given.stands:
        verdict = VERDICTS["rests"][language]
    elif given.seconds is None:
        verdict = VERDICTS["stands"][language]
    else:
        verdict = VERDICTS["stands_for"][language].format(length=length_text(given.seconds))
    return f"{RULE_NAMES['floor'][language]}: {verdict} ({source_text(given.floor.source, language)})"
