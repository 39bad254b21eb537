"""Whether and how the call can be paid."""

from collections.abc import Iterable
from dataclasses import replace

from kinline.accounts.money import affordable_seconds
from kinline.rules.case import Bound, Case
from kinline.rules.model import Billing


def billing(case: Case) -> Iterable[Bound]:
    """Whether the way of paying is open to this line and account."""
    if case.rate == 0:
        return
    if case.billing not in open_ways(case):
        yield Bound("billing", 0, source=case.profile.paying.source)
    elif case.billing == "direct_bill" and not case.request.called_party.direct_bill:
        yield Bound("billing", 0, source="account")


def balance(case: Case) -> Iterable[Bound]:
    """What the account pays for; collect calls, and direct bills without a limit, are not bounded by money."""
    held = _held(case)
    if case.rate == 0 or held is None:
        return
    seconds = affordable_seconds(held, case.rate)
    enough = seconds >= case.profile.rate.smallest_grant_seconds
    yield Bound("balance", seconds if enough else 0, source="account" if enough else case.profile.rate.source)


def open_ways(case: Case) -> tuple[Billing, ...]:
    """The ways of paying that are open to the called line, in the profile's order.

    A line of which nobody knows what it is gets what every line gets.
    """
    paying = case.profile.paying
    narrowed = {"landline": paying.landline, "cell": paying.cell}
    lists = [ways for line, ways in narrowed.items() if ways is not None and case.line in (line, None)]
    return tuple(way for way in paying.methods if way != "free" and all(way in ways for ways in lists))


def with_way(case: Case) -> Case:
    """The case with its way of paying: the one asked for, or the first of the profile's that would pay."""
    if case.request.billing is not None:
        return replace(case, billing=case.request.billing)
    if case.rate == 0:
        return replace(case, billing="free")
    ways = [replace(case, billing=way) for way in open_ways(case)]
    paid = (way for way in ways if not any(bound.refuses for rule in (billing, balance) for bound in rule(way)))
    return next(paid, ways[0] if ways else case)


def _held(case: Case) -> int | None:
    party, inmate = case.request.called_party, case.request.inmate
    match case.billing:
        case "prepaid":
            return party.prepaid_micros
        case "debit":
            return inmate.debit_micros if inmate is not None else 0
        case "direct_bill":
            return party.direct_bill_credit_micros
        case _:
            return None
