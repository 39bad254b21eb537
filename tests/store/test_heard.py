"""What was heard on a line is kept with its call, and of some calls nothing is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kinline.accounts import charge_micros
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE, allowed, begun

TEN = 10_000_000


def test_signs_and_text_are_shown_with_the_call(store: Store) -> None:
    call = begun(store)
    store.note_sign(call, "tty", 95, NOON)
    store.mark_accepted(call, NOON)
    store.keep_text(call, "called_party", "HELLO JAMES GA", NOON + timedelta(seconds=2))
    store.keep_text(call, "caller", "HI MOM", NOON + timedelta(seconds=9))
    store.note_sign(call, "three_way", 62, NOON + timedelta(seconds=30))
    info = store.call(call)
    assert [(sign.sign, sign.confidence) for sign in info.signs] == [("tty", 95), ("three_way", 62)]
    assert [(typed.side, typed.text) for typed in info.typed] == [("called_party", "HELLO JAMES GA"), ("caller", "HI MOM")]


def test_nothing_is_read_before_acceptance(store: Store) -> None:
    call = begun(store)
    store.keep_text(call, "called_party", "HELLO", NOON)
    assert store.call(call).typed == ()


@pytest.mark.parametrize("number_class", ["privileged", "anonymous"])
def test_of_some_classes_nothing_is_kept(store: Store, number_class: str) -> None:
    allow = replace(allowed(store, "h1", 1), number_class=number_class, recorded=False, billing="free")  # type: ignore[arg-type]
    call = store.begin_call("h1", 1, MOTHER, allow, PROFILE, NOON)
    store.mark_accepted(call, NOON)
    store.note_sign(call, "three_way", 99, NOON)
    store.keep_text(call, "called_party", "HELLO", NOON)
    assert (store.call(call).signs, store.call(call).typed) == ((), ())


def test_a_call_that_may_not_be_recorded_is_not_read(store: Store) -> None:
    call = store.begin_call("h1", 1, MOTHER, replace(allowed(store, "h1", 1), recorded=False), PROFILE, NOON)
    store.mark_accepted(call, NOON)
    store.keep_text(call, "called_party", "HELLO", NOON)
    assert store.call(call).typed == ()


def test_a_detectors_block_is_the_facilitys(store: Store) -> None:
    call = begun(store)
    store.block_by_detector(call, NOON)
    party = store.call_request(1, MOTHER, "h1", NOON).called_party
    assert party.blocked_by_facility and not party.blocked


@pytest.mark.parametrize("credits", [True, False])
def test_a_detectors_cut_is_credited_where_the_record_says_so(store: Store, credits: bool) -> None:
    call = store.begin_call("h1", 1, MOTHER, allowed(store, "h1", 1), PROFILE, NOON, credits_faults=credits)
    store.mark_accepted(call, NOON)
    info = store.end_call(call, "third_party", "detector", 120, NOON + timedelta(seconds=120))
    assert (info.outcome, info.ended_by, info.talk_seconds) == ("third_party", "detector", 120)
    assert store.balance_micros(PREPAID) == TEN - (0 if credits else charge_micros(RATE, 120))
    assert store.trial_balance() == 0
