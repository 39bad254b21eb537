"""How a call's line was is kept with its record, once, and of an anonymous call not at all."""

from dataclasses import replace

from kinline.calls.quality import Received, Reported, judge
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PROFILE, allowed, begun

GOOD = judge("G722", "AEAD_AES_128_GCM", Received(3000, 3, 1, 1.5, 40, 12.0), Reported(2900, 30, 2.0))
BAD = judge("PCMU", None, Received(900, 100, 50, 30, 120, None), None)


def test_it_is_shown_with_the_record_and_in_the_list(store: Store) -> None:
    call = begun(store)
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "caller", 60, NOON, quality=GOOD)
    assert store.call(call).quality == GOOD
    [listed] = [info for info in store.calls() if info.id == call]
    assert GOOD is not None and (listed.quality, listed.mos) == (GOOD, GOOD.mos_caller)


def test_the_first_end_counts_for_it_too(store: Store) -> None:
    call = begun(store)
    store.end_call(call, "refused", "called_party", 0, NOON, quality=BAD)
    store.end_call(call, "completed", "caller", 60, NOON, quality=GOOD)
    assert store.call(call).quality == BAD


def test_a_call_whose_far_end_was_never_heard_has_none(store: Store) -> None:
    call = begun(store)
    store.end_call(call, "no_answer", "called_party", 0, NOON)
    info = store.call(call)
    assert info.quality is None and info.mos is None


def test_an_anonymous_call_leaves_none(store: Store) -> None:
    allow = replace(allowed(store, "h1", 1), number_class="anonymous", recorded=False, billing="free")
    call = store.begin_call("h1", 1, MOTHER, allow, PROFILE, NOON)
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "caller", 9, NOON, quality=GOOD)
    assert store.call(call).quality is None
