"""Restrictions and suspensions as staff enter them, and as the rules see them at each handset."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kinline.rules import Restriction, Window
from kinline.rules.profile import NamedNumber
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.given import OwnLimits
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PROFILE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def units(store: Store) -> Store:
    """Unit B2 with handset h1 and inmate 1001, unit C1 with nobody else, and h2 and inmate 1002 in none."""
    for name in ("B2", "C1"):
        store.add_unit("north", name)
    store.change_handset("h1", unit="B2")
    store.move_inmate("north", "1001", unit="B2")
    return store


def test_each_level_reaches_whom_it_names(units: Store) -> None:
    end = NOON + DAY
    for level in ({}, {"unit": "B2"}, {"handset": "h1"}, {"inmate": "1001"}):
        units.restrict("north", kind="lockdown", since=NOON, until=end, at=NOON, **level)  # type: ignore[arg-type]
    expected = (Restriction(since=NOON, until=end, kind="lockdown"),)
    here = units.call_request(1, MOTHER, "h1", NOON)
    assert here.inmate is not None
    assert here.facility.suspensions == here.unit.suspensions == here.phone.suspensions == here.inmate.restrictions == expected
    there = units.call_request(2, MOTHER, "h2", NOON)
    assert there.inmate is not None and there.facility.suspensions == expected
    assert there.unit.suspensions == there.phone.suspensions == there.inmate.restrictions == ()


def test_a_locked_down_unit_follows_those_who_live_in_it(units: Store) -> None:
    units.restrict("north", unit="B2", kind="lockdown", at=NOON)
    assert units.call_request(1, MOTHER, "h2", NOON).unit.suspended
    assert units.call_request(2, MOTHER, "h1", NOON).unit.suspended
    assert not units.call_request(2, MOTHER, "h2", NOON).unit.suspended


def test_an_open_end_is_a_suspension_and_what_is_to_come_is_told(units: Store) -> None:
    units.restrict("north", handset="h1", since=NOON + HOUR, at=NOON)
    units.restrict("north", since=NOON - HOUR, at=NOON)
    facts = units.call_request(1, MOTHER, "h1", NOON)
    assert (facts.facility.suspended, facts.facility.suspensions) == (True, ())
    assert (facts.phone.suspended, facts.phone.suspensions) == (False, (Restriction(since=NOON + HOUR, kind="administrative"),))
    assert units.call_request(1, MOTHER, "h1", NOON + HOUR).phone.suspended


def test_what_is_over_or_lifted_is_gone(units: Store) -> None:
    over = units.restrict("north", inmate="1001", until=NOON + HOUR, at=NOON)
    lifted = units.restrict("north", inmate="1001", at=NOON)
    info = units.lift_restriction(lifted, "north", "served", NOON + HOUR, "sue")
    assert (info.lifted_by, info.lift_reason, info.inmate) == ("sue", "served", "1001")
    facts = units.call_request(1, MOTHER, "h1", NOON + HOUR)
    assert facts.inmate is not None and facts.inmate.restrictions == ()
    assert units.restrictions("north", NOON + HOUR) == []
    assert [row.id for row in units.restrictions("north", NOON + HOUR, ended_too=True)] == [over, lifted]
    for ended in (over, lifted):
        with pytest.raises(Conflict, match="has ended already"):
            units.lift_restriction(ended, "north", at=NOON + HOUR)


def test_a_restriction_belongs_to_its_facility(units: Store) -> None:
    row = units.restrict("north", inmate="1001", at=NOON)
    units.add_facility("south", "South", "America/Chicago", PROFILE)
    for lost in (lambda: units.lift_restriction(row, "south"), lambda: units.restrict("south", handset="h1")):
        with pytest.raises(NotFound):
            lost()
    units.move_inmate("north", "1001", to_facility="south")
    units.add_handset("s1", b"k" * 16, "south")
    facts = units.call_request(1, MOTHER, "s1", NOON)
    assert facts.inmate is not None and len(facts.inmate.restrictions) == 1


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("name one of", {"unit": "B2", "inmate": "1001"}),
        ("ends before it begins", {"until": NOON}),
        ("ends before it begins", {"since": NOON + DAY, "until": NOON + HOUR}),
    ],
)
def test_what_cannot_be(units: Store, said: str, wrong: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=said):
        units.restrict("north", at=NOON, **wrong)  # type: ignore[arg-type]


def test_a_facility_is_suspended_once_and_opened_again(store: Store) -> None:
    for _ in range(2):
        store.suspend_facility("north", True)
    assert store.facility("north").suspended and len(store.restrictions("north")) == 1
    store.suspend_facility("north", False)
    assert not store.facility("north").suspended and not store.call_request(1, MOTHER, "h1", NOON).facility.suspended


class TestPlaces:
    def test_their_own_limits(self, units: Store) -> None:
        morning = [Window.parse("08:00", "11:00")]
        units.limit_place("north", OwnLimits(call_seconds=900, recorded=False))
        units.limit_place("north", OwnLimits(morning, 600), unit="B2")
        units.limit_place("north", OwnLimits(None, 1200, False), handset="h1")
        facts = units.call_request(1, MOTHER, "h1", NOON)
        assert (facts.facility.call_seconds, facts.facility.recorded, facts.facility.schedules) == (
            900,
            False,
            {"B2": tuple(morning)},
        )
        assert (facts.unit.name, facts.unit.hours, facts.unit.call_seconds, facts.unit.recorded) == (
            "B2",
            tuple(morning),
            600,
            True,
        )
        assert (facts.phone.hours, facts.phone.call_seconds, facts.phone.recorded) == (None, 1200, False)
        assert [(unit.name, unit.call_seconds) for unit in units.units("north")] == [("B2", 600), ("C1", None)]

    def test_a_telephone_out_of_service_is_so_for_everyone(self, store: Store) -> None:
        store.change_handset("h1", enabled=False)
        phone = store.call_request(1, MOTHER, "h1", NOON).phone
        assert phone.suspended and phone.counsel_suspended

    def test_an_inmates_own_facts(self, store: Store) -> None:
        store.change_inmate(
            "north", "1001", language="es", arrested_at=NOON - HOUR, custodial_parent=True, call_seconds=300, recorded=False
        )
        inmate = store.call_request(1, MOTHER, "h1", NOON).inmate
        assert inmate is not None and inmate.arrested_at == NOON - HOUR and inmate.custodial_parent
        assert (inmate.language, inmate.call_seconds, inmate.recorded) == ("es", 300, False)
        store.change_inmate("north", "1001", call_seconds=0)
        inmate = store.call_request(1, MOTHER, "h1", NOON).inmate
        assert inmate is not None and inmate.call_seconds is None
        with pytest.raises(StoreError, match="nothing to change"):
            store.change_inmate("north", "1001")

    def test_what_a_facility_calls_local(self, store: Store) -> None:
        store.change_facility("north", name="North Jail", local_prefixes=["+1202"])
        assert store.facility("north").name == "North Jail"
        assert store.call_request(1, MOTHER, "h1", NOON).called_party.local
        assert not store.call_request(1, "+13125550123", "h1", NOON).called_party.local
        with pytest.raises(StoreError, match="nothing to change"):
            store.change_facility("north")


class TestNamedLines:
    LINE = NamedNumber(
        source="facility order 3",
        effective=date(2026, 1, 1),
        number="+12025550190",
        label="Ombudsman",
        number_class="free",
        dial="9",
        without_pin=True,
    )

    def test_a_facility_opens_and_closes_a_line(self, store: Store) -> None:
        store.add_named_line("north", self.LINE)
        assert store.named_lines("north") == (self.LINE,)
        for taken in (self.LINE, replace(self.LINE, number="+12025550191")):
            with pytest.raises(Conflict, match="or the code 9 exists already"):
                store.add_named_line("north", taken)
        store.remove_named_line("north", self.LINE.number)
        assert store.named_lines("north") == ()
        with pytest.raises(NotFound):
            store.remove_named_line("north", self.LINE.number)
