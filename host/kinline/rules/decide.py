"""The decision: every rule looks at the attempt, the first refusal in the published order speaks.

Limits combine by the most restrictive, a floor beats the rules that it names, and recording that is off anywhere is off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kinline.rules import allowances, floors, identity, length, paying, restrictions
from kinline.rules.case import Bound, Case, Rule, case_of
from kinline.rules.floors import Guarantee
from kinline.rules.grant import grant
from kinline.rules.model import LAST_MOMENT, CallRequest, Decision, Deny
from kinline.rules.profile import Profile
from kinline.rules.reasons import reason_text

# The order is published: when several rules refuse, the first of them is named.
RULES: dict[str, Rule] = {
    "pin": identity.pin,
    "invalid_number": identity.invalid_number,
    "toll_free": identity.number_of_kind("toll_free"),
    "premium": identity.number_of_kind("premium"),
    "international": identity.number_of_kind("international"),
    "blocked_by_facility": identity.blocked_by_facility,
    "suspension": restrictions.suspension,
    "restriction": restrictions.restriction,
    "not_on_list": identity.not_on_list,
    "not_approved": identity.not_approved,
    "blocked_by_called_party": identity.blocked_by_called_party,
    "busy_elsewhere": identity.busy_elsewhere,
    "hours": length.hours,
    "gap": allowances.gap,
    "minutes": allowances.minutes,
    "calls": allowances.calls,
    "billing": paying.billing,
    "balance": paying.balance,
    "call_length": length.call_length,
}
# What staff put in the way, which some floors yield to; so these are asked first.
_STOPS = ("suspension", "restriction")
# The order of these is published too: when limits tie, the first of them is named.
LIMITS = ("call_length", "hours", "minutes", "calls", "balance", "restriction", "floor")
# A suspension to come is told as what it is to the caller: a restriction.
_LIMITED_BY = {"suspension": "restriction"}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the rules say of a case. `bounds` are theirs, `final` what the floors make of them, `refusals` among these."""

    case: Case
    bounds: Sequence[Bound]
    guarantees: Sequence[Guarantee]
    final: Sequence[Bound]
    refusals: Sequence[Bound]

    @property
    def binding(self) -> Bound:
        """The refusal that speaks, or the limit that is named."""
        if self.refusals:
            return self.refusals[0]
        return min(self.final, key=lambda bound: (bound.seconds, LIMITS.index(limit_name(bound))))


def decide(request: CallRequest, profile: Profile) -> Decision:
    """Allow or deny one attempt. Pure: the same request and profile always give the same answer.

    Raises ValueError if the facility's time zone is unknown.
    """
    return answer(find(case_of(request, profile)))


def answer(findings: Findings) -> Decision:
    """The decision to which the findings come."""
    if findings.refusals:
        return _deny(findings)
    limit = findings.binding
    return grant(findings.case, limit.seconds, limit_name(limit))


def find(case: Case) -> Findings:
    """Ask every rule about the case at its moment."""
    stops = {name: list(RULES[name](case)) for name in _STOPS}
    given = floors.guarantees(case, [stop for found in stops.values() for stop in found])
    free = floors.free_talk(given) if case.listed_rate else None
    case = paying.with_way(case, floors.is_free(given))
    bounds = [bound for name, rule in RULES.items() for bound in (stops[name] if name in stops else rule(case))]
    final = floors.raised(bounds, given)
    if free is not None:
        final.append(free)
    return Findings(case, bounds, given, final, [bound for bound in final if bound.refuses])


def limit_name(bound: Bound) -> str:
    """The name of a limit, as `limited_by` has it."""
    return _LIMITED_BY.get(bound.rule, bound.rule)


def _deny(findings: Findings) -> Deny:
    case, refusal = findings.case, findings.binding
    now, moment = case.at.astimezone(case.zone), next_allowed(findings)
    local = moment.astimezone(case.zone) if moment else None
    return Deny(
        rule=refusal.rule,
        text=reason_text(refusal.rule, local, now),
        decided_at=now,
        next_allowed_at=local,
    )


# Each step passes the end of a restriction, a wait, a period or the night; more than this is two rules that never agree.
_MOST_STEPS = 10_000


def next_allowed(findings: Findings) -> datetime | None:
    """The first moment, from that of the findings on, at which no rule refuses; None if time alone does not bring it.

    Each refusal tells the earliest moment at which it can be gone, so nothing before the latest of these is allowed.
    """
    for _ in range(_MOST_STEPS):
        if not findings.refusals:
            return findings.case.at
        ends = [_earliest_end(bound, findings.guarantees) for bound in findings.refusals]
        moments = [end for end in ends if end is not None]
        if len(moments) < len(ends) or max(moments) >= LAST_MOMENT:
            return None
        findings = find(replace(findings.case, at=max(moments)))
    return None


def _earliest_end(refusal: Bound, given: Sequence[Guarantee]) -> datetime | None:
    """When the refusal passes, or a floor begins to stand that beats it."""
    floors_ahead = [guarantee.changes_at for guarantee in given if guarantee.touches(refusal) and not guarantee.stands]
    return min((moment for moment in (refusal.changes_at, *floors_ahead) if moment is not None), default=None)
