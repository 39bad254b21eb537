"""Counsel: privileged by an arrangement and only while it lasts, closed by a determination and by nothing less."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PROFILE

ATTORNEY = "+12025550170"
DAY = timedelta(days=1)


def arranged(store: Store, number: str = ATTORNEY, start: timedelta = timedelta(), days: int = 10) -> int:
    begins = NOON + start
    return store.arrange_counsel("north", "1001", number, "L. Example", "file 12", begins, begins + days * DAY, NOON, "lee")


def class_of(store: Store, number: str, at: timedelta = timedelta(), inmate: int = 1) -> str | None:
    facts = store.call_request(inmate, number, "h1", NOON + at).inmate
    assert facts is not None
    return next((contact.number_class for contact in facts.contacts if contact.number == number), None)


class TestArrangement:
    def test_it_holds_from_its_beginning_to_its_end(self, store: Store) -> None:
        arranged(store, start=DAY)
        assert [class_of(store, ATTORNEY, at) for at in (timedelta(), DAY, 11 * DAY - timedelta(seconds=1), 11 * DAY)] == [
            None,
            "privileged",
            "privileged",
            None,
        ]
        assert class_of(store, ATTORNEY, DAY, inmate=2) is None

    def test_a_number_of_the_list_is_social_again_afterwards(self, store: Store) -> None:
        arranged(store, MOTHER)
        assert (class_of(store, MOTHER), class_of(store, MOTHER, 10 * DAY)) == ("privileged", "social")

    def test_a_privileged_contact_is_approved_and_never_recorded(self, store: Store) -> None:
        arranged(store)
        facts = store.call_request(1, ATTORNEY, "h1", NOON).inmate
        assert facts is not None
        contact = next(contact for contact in facts.contacts if contact.number == ATTORNEY)
        assert (contact.status, contact.recorded) == ("approved", False)

    def test_overlapping_ones_hold_as_long_as_the_last(self, store: Store) -> None:
        first = arranged(store)
        arranged(store, start=5 * DAY)
        assert class_of(store, ATTORNEY, 12 * DAY) == "privileged"
        store.withdraw_arrangement(first, "north", "left the case", NOON + DAY)
        assert class_of(store, ATTORNEY, 2 * DAY) is None
        assert class_of(store, ATTORNEY, 6 * DAY) == "privileged"
        infos = store.arrangements("north", "1001")
        assert [(i.entered_by, i.document, i.withdrawn_because) for i in infos] == [
            ("lee", "file 12", "left the case"),
            ("lee", "file 12", None),
        ]

    def test_what_is_missing_or_impossible(self, store: Store) -> None:
        with pytest.raises(StoreError, match="the document is missing"):
            store.arrange_counsel("north", "1001", ATTORNEY, "L. Example", " ", NOON, NOON + DAY)
        with pytest.raises(StoreError, match="ends before it begins"):
            arranged(store, days=0)
        store.bar_number(ATTORNEY, "victim", "case 1")
        with pytest.raises(Conflict, match="lift the bar first"):
            arranged(store)

    def test_only_its_own_facility_ends_it_and_only_once(self, store: Store) -> None:
        row = arranged(store)
        store.add_facility("south", "South", "America/Chicago", PROFILE)
        with pytest.raises(NotFound):
            store.withdraw_arrangement(row, "south", "x", NOON)
        store.withdraw_arrangement(row, "north", "x", NOON)
        with pytest.raises(Conflict, match="ended already"):
            store.withdraw_arrangement(row, "north", "x", NOON)


class TestDetermination:
    @pytest.mark.parametrize("level", [{}, {"handset": "h1"}, {"inmate": "1001"}])
    @pytest.mark.parametrize("until", [None, NOON + DAY])
    def test_a_restriction_covers_counsel_by_it_alone(self, store: Store, level: dict[str, str], until: object) -> None:
        row = store.restrict("north", until=until, kind="sanction", at=NOON, **level)  # type: ignore[arg-type]
        assert not self._covered(store)
        found = store.determine_counsel(row, "north", "threats passed on", "memo 4", NOON, "lee")
        assert self._covered(store)
        assert [(d.ground, d.document, d.entered_by) for d in store.determinations(row, "north")] == [
            ("threats passed on", "memo 4", "lee")
        ]
        store.withdraw_determination(found, "north")
        assert not self._covered(store)
        with pytest.raises(Conflict, match="withdrawn already"):
            store.withdraw_determination(found, "north")

    def test_another_restriction_is_not_covered(self, store: Store) -> None:
        store.restrict("north", inmate="1001", at=NOON)
        other = store.restrict("north", inmate="1002", at=NOON)
        store.determine_counsel(other, "north", "ground", "memo", NOON)
        assert not self._covered(store)

    def test_what_is_missing_or_over(self, store: Store) -> None:
        row = store.restrict("north", inmate="1001", at=NOON)
        with pytest.raises(StoreError, match="the ground is missing"):
            store.determine_counsel(row, "north", "", "memo")
        store.lift_restriction(row, "north", at=NOON)
        with pytest.raises(Conflict, match="nothing to determine"):
            store.determine_counsel(row, "north", "ground", "memo", NOON)
        with pytest.raises(NotFound):
            store.determine_counsel(99, "north", "ground", "memo")

    def _covered(self, store: Store) -> bool:
        facts = store.call_request(1, MOTHER, "h1", NOON)
        assert facts.inmate is not None
        places = (facts.facility, facts.unit, facts.phone)
        later = [r for place in places for r in place.suspensions] + list(facts.inmate.restrictions)
        return any(place.counsel_suspended for place in places) or any(r.counsel for r in later)


def test_both_are_audited_with_who_and_what_is_on_file(store: Store) -> None:
    arranged(store)
    row = store.restrict("north", inmate="1001", at=NOON, actor="sue")
    store.determine_counsel(row, "north", "ground", "memo 9", NOON, "lee")
    with store.engine.connect() as connection:
        query = text("SELECT actor, action, details FROM audit WHERE action LIKE 'counsel.%' ORDER BY id")
        rows = connection.execute(query).all()
    assert [(actor, action) for actor, action, _ in rows] == [("lee", "counsel.arrange"), ("lee", "counsel.determine")]
    assert "file 12" in str(rows[0][2]) and "memo 9" in str(rows[1][2])
    assert store.verify_audit().broken_at is None
