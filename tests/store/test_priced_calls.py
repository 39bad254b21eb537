"""A call costs what the rate table says on its day: the decision, the hold, the record and the receipt read one line."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from kinline.accounts import charge_micros
from kinline.accounts.rates import RateLine
from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.config import Settings
from kinline.daemon.arrangement import Arrangements
from kinline.daemon.records import Records
from kinline.profiles import load_profile
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE

TEN = 10_000_000
TODAY = NOON.date()


SETTINGS = Settings.model_validate(
    {"facility": "north", "trunk": {"address": "127.0.0.1"}, "handset": [{"device_id": "h1", "port": "/dev/ttyUSB0"}]}
)


def records(store: Store, at: datetime, **rules: Any) -> Records:
    """The first telephone's, with its facility's prices, and these rules in place of the profile's."""
    arranged = Arrangements(SETTINGS, store).all()["h1"]
    return Records(store, "h1", replace(arranged, profile=replace(arranged.profile, **rules)), now=lambda: at)


def dial(store: Store, at: datetime, **rules: Any) -> ev.Begun:
    answer = records(store, at, **rules).attempt(act.Attempt(ticket=1, inmate=1, dialled="2025550123"))
    assert isinstance(answer, ev.Begun), answer
    return answer


@pytest.mark.parametrize(
    ("days", "rate", "source"), [(0, RATE, "Kinline default"), (1, 50_000, "Contract 12"), (9, 70_000, "Order 3")]
)
def test_the_price_of_the_day(store: Store, days: int, rate: int, source: str) -> None:
    store.set_rate("north", RateLine(50_000, "Contract 12", since=TODAY + timedelta(days=1)), NOON)
    store.set_rate("north", RateLine(70_000, "Order 3", since=TODAY + timedelta(days=9)), NOON)
    at = NOON + timedelta(days=days)
    begun = dial(store, at)
    assert begun.allow.rate_micros_per_minute == rate
    assert store.balance_micros(PREPAID) == TEN - charge_micros(rate, begun.allow.max_seconds)
    store.mark_accepted(begun.call, at)
    info = store.end_call(begun.call, "completed", "caller", 61, at + timedelta(seconds=61))
    assert (info.rate_micros_per_minute, info.rate_source, info.charged_micros) == (rate, source, rate * 61 // 60)
    assert store.receipt(begun.call).price_micros == info.charged_micros


def test_a_free_day(store: Store) -> None:
    store.set_rate("north", RateLine(0, "Statute", since=TODAY), NOON)
    begun = dial(store, NOON)
    assert (begun.allow.rate_micros_per_minute, begun.allow.billing) == (0, "free")
    store.mark_accepted(begun.call, NOON)
    assert store.end_call(begun.call, "completed", "caller", 61, NOON).charged_micros == 0
    assert store.balance_micros(PREPAID) == TEN


def test_whole_seconds_are_all_that_a_balance_needs(store: Store) -> None:
    """47 CFR 64.6100: no minimum balance; a thousandth of a dollar buys its second."""
    store.refund(PREPAID, TEN - RATE // 60, "leave one second")
    begun = dial(store, NOON)
    assert (begun.allow.max_seconds, begun.allow.limited_by) == (1, "balance")
    store.mark_accepted(begun.call, NOON)
    store.end_call(begun.call, "completed", "clock", 1, NOON)
    assert store.balance_micros(PREPAID) == 0


@pytest.mark.parametrize(("promised", "left"), [(True, TEN), (False, TEN - RATE)])
def test_a_dropped_call_is_given_back_where_the_profile_says_so(store: Store, promised: bool, left: int) -> None:
    call = dial(store, NOON, rate=replace(load_profile(PROFILE).rate, credit_faults=promised)).call
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "fault", 60, NOON)
    assert store.balance_micros(PREPAID) == left


def test_the_direct_bills_credit_bounds_the_call(store: Store) -> None:
    store.set_credit_limit(MOTHER, RATE)
    paying = replace(load_profile(PROFILE).paying, methods=("direct_bill",))
    allow = dial(store, NOON, paying=paying).allow
    assert (allow.max_seconds, allow.limited_by, allow.billing) == (60, "balance", "direct_bill")
