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
    elif not _has_account(case, case.billing):
        yield Bound("billing", 0, source="account")


def balance(case: Case) -> Iterable[Bound]:
    """What the account pays for; collect calls, and direct bills without a limit, are not bounded by money."""
    seconds = _affordable(case, case.billing, case.rate) if case.rate else None
    if seconds is None:
        return
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


def with_way(case: Case, free: bool) -> Case:
    """The case with its way of paying, or `free` of any price: the way asked for, or the first of the profile's that pays."""
    rate = 0 if free else case.listed_rate
    return replace(case, free=free, billing=case.request.billing or _first_that_pays(case, rate))


def _first_that_pays(case: Case, rate: int) -> Billing:
    ways = open_ways(case) if rate else ()
    least = case.profile.rate.smallest_grant_seconds
    for way in ways:
        seconds = _affordable(case, way, rate)
        if _has_account(case, way) and (seconds is None or seconds >= least):
            return way
    return ways[0] if ways else "free"


def _has_account(case: Case, way: Billing) -> bool:
    return way != "direct_bill" or case.request.called_party.direct_bill


def _affordable(case: Case, way: Billing, rate: int) -> int | None:
    """The seconds for which there is money; None if money bounds nothing."""
    held = _held(case, way)
    return None if held is None else affordable_seconds(held, rate)


def _held(case: Case, way: Billing) -> int | None:
    party, inmate = case.request.called_party, case.request.inmate
    match way:
        case "prepaid":
            return party.prepaid_micros
        case "debit":
            return inmate.debit_micros if inmate is not None else 0
        case "direct_bill":
            return party.direct_bill_credit_micros
        case _:
            return None
