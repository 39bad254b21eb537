"""Alarms are told once, stand until they are over, and cannot be made not to have been."""

from datetime import timedelta

import pytest

from kinline.store.errors import NotFound
from kinline.store.store import Store
from tests.store.site import NOON

MINUTE = timedelta(minutes=1)
CUT = {"cord": "the handset's cord is cut"}
OPEN = {"case": "the case is open or off the wall"}


def standing(store: Store, **wanted: object) -> list[tuple[str, str]]:
    return [(a.handset, a.kind) for a in store.alarms(**wanted)]  # type: ignore[arg-type]


def test_an_alarm_stands_until_it_is_over(store: Store) -> None:
    store.report_alarms("h1", CUT, NOON)
    store.report_alarms("h1", CUT | OPEN, NOON + MINUTE)
    assert standing(store) == [("h1", "case"), ("h1", "cord")]
    store.report_alarms("h1", OPEN, NOON + 2 * MINUTE)
    assert standing(store) == [("h1", "case")]
    store.report_alarms("h1", {}, NOON + 3 * MINUTE)
    assert standing(store) == []
    ended = {a.kind: (a.raised_at - NOON, a.cleared_at and a.cleared_at - NOON) for a in store.alarms(cleared=True)}
    assert ended == {"cord": (0 * MINUTE, 2 * MINUTE), "case": (MINUTE, 3 * MINUTE)}


def test_what_is_no_news_is_not_written(store: Store) -> None:
    before = store.verify_audit().rows
    store.report_alarms("h1", {}, NOON)
    assert store.verify_audit().rows == before
    for _ in range(3):
        store.report_alarms("h1", CUT, NOON)
    assert store.verify_audit().rows == before + 1
    assert store.verify_audit().whole


def test_another_detail_is_another_alarm(store: Store) -> None:
    store.report_alarms("h1", CUT, NOON)
    store.report_alarms("h1", {"cord": "the handset's cord is shorted"}, NOON + MINUTE)
    assert [(a.detail, a.cleared_at is None) for a in store.alarms(cleared=True)] == [
        ("the handset's cord is shorted", True),
        ("the handset's cord is cut", False),
    ]


def test_a_facility_sees_its_own(store: Store) -> None:
    store.report_alarms("h1", CUT, NOON)
    assert standing(store, facility=store.handset("h1").facility) == [("h1", "cord")]
    assert standing(store, facility="nowhere") == []


def test_an_unknown_telephone_reports_nothing(store: Store) -> None:
    with pytest.raises(NotFound):
        store.report_alarms("h9", CUT, NOON)


def test_a_revoked_key_is_gone_for_good(store: Store) -> None:
    before = store.handset("h1").psk
    store.revoke_handset("h1", NOON)
    assert store.handset("h1").psk != before and not store.handset("h1").enabled
    store.change_handset("h1", enabled=True)
    assert store.handset("h1").psk != before
