"""Staff of one living unit: what is of that unit is theirs, and nothing else."""

from collections.abc import Iterator

import pytest
from httpx import Response

from kinline.operations.operation import catalogue
from kinline.operations.roles import ROLES
from tests.operations.site import House

MINE, OTHERS = {"inmate": "1001"}, {"inmate": "1002"}


@pytest.fixture
def unit(house: House) -> Iterator[House]:
    """`sam` works in unit B2 of north, where 1001 lives and h1 hangs; 1002 and h2 are of C1."""
    house.store.add_unit("north", "C1")
    for number, name, handset in (("1001", "B2", "h1"), ("1002", "C1", "h2")):
        house.store.move_inmate("north", number, name)
        house.store.change_handset(handset, unit=name)
    house.store.change_staff("sam", [role for role in ROLES if role != "auditor"], "north", "tests", house.clock(), "B2")
    yield house


def asked(house: House, name: str, /, **fields: object) -> Response:
    return house.call(name, "sam", changes=catalogue()[name].changes, fields=fields)


def test_their_own_inmates_telephones_and_unit(unit: House) -> None:
    for name, fields in (
        ("contact.list", MINE),
        ("inmate.set-pin", MINE | {"pin": "7315"}),
        ("restriction.add", MINE | {"reason": "report 1"}),
        ("restriction.add", {"handset": "h1", "reason": "report 1"}),
        ("restriction.add", {"unit": "B2", "reason": "report 1"}),
        ("inmate.add", {"inmate": "1003", "name": "New", "unit": "B2"}),
    ):
        answer = asked(unit, name, **fields)
        assert answer.status_code == 200, f"{name}: {answer.text}"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("contact.list", OTHERS),
        ("inmate.set-pin", OTHERS | {"pin": "7315"}),
        ("restriction.add", OTHERS | {"reason": "report 1"}),
        ("restriction.add", {"handset": "h2", "reason": "report 1"}),
        ("restriction.add", {"unit": "C1", "reason": "report 1"}),
        ("restriction.add", {"reason": "report 1"}),
        ("inmate.add", {"inmate": "1003", "name": "New"}),
        ("inmate.move", MINE | {"unit": "C1"}),
        ("handset.change", {"device": "h2", "unit": "B2"}),
        ("contact.list", {"inmate": "9999"}),
        ("facility.suspend", {}),
        ("calls.list", {}),
    ],
)
def test_what_reaches_beyond_is_refused_and_leaves_a_trace(unit: House, name: str, fields: dict[str, object]) -> None:
    answer = asked(unit, name, **fields)
    assert answer.status_code == 403 and "unit B2 only" in answer.json()["detail"], answer.text
    assert (unit.store.audited(1)[0].actor, unit.store.audited(1)[0].action) == ("sam", "refused")


def test_lists_leave_out_the_rest(unit: House) -> None:
    for fields in (MINE, OTHERS, {"handset": "h2"}, {"unit": "C1"}, {}):
        unit.call("restriction.add", "everything", changes=True, fields={"reason": "report 2"} | fields)
    unit.call("contact.request", "counselor", changes=True, fields=MINE | {"number": "+12025550172"})
    assert [line["number"] for line in asked(unit, "inmate.list").json()] == ["1001"]
    assert [line["device_id"] for line in asked(unit, "handset.list").json()] == ["h1"]
    assert {line["inmate"] for line in asked(unit, "contact.requests").json()} == {"1001"}
    stops = [(line["inmate"], line["handset"], line["unit"]) for line in asked(unit, "restriction.list").json()]
    assert ("1001", None, None) in stops and (None, None, None) in stops
    assert all(stop not in stops for stop in (("1002", None, None), (None, "h2", None), (None, None, "C1")))


def test_a_restriction_is_lifted_by_staff_of_its_place(unit: House) -> None:
    for fields, status in ((MINE, 200), (OTHERS, 403), ({}, 403)):
        added = unit.call("restriction.add", "everything", changes=True, fields={"reason": "report 3"} | fields)
        assert asked(unit, "restriction.lift", id=added.json()["id"], reason="over").status_code == status


def test_a_unit_is_of_a_facility(house: House) -> None:
    assert asked_who(house) == (None, None)
    house.store.change_staff("sam", ["supervisor"], "north", "tests", house.clock(), "B2")
    assert asked_who(house)[1] == "B2"


def asked_who(house: House) -> tuple[str | None, str | None]:
    answer = house.call("staff.whoami", "sam", changes=False, fields={}).json()
    return (None if answer["unit"] is None else answer["facility"]), answer["unit"]
