"""What the roles do not tell apart by the operation's name alone, and what no answer tells."""

import pytest

from tests.operations.site import House


@pytest.mark.parametrize("place", [{}, {"unit": "B2"}, {"handset": "h1"}])
def test_a_counselor_restricts_inmates_and_no_place(house: House, place: dict[str, str]) -> None:
    order = {"reason": "report 1"}
    refused = house.call("restriction.add", "counselor", changes=True, fields=order | place)
    assert refused.status_code == 403 and refused.json()["roles"] == ["supervisor"]
    added = house.call("restriction.add", "supervisor", changes=True, fields=order | place)
    lift = {"id": added.json()["id"], "reason": "over"}
    assert house.call("restriction.lift", "counselor", changes=True, fields=lift).status_code == 403
    assert house.call("restriction.lift", "supervisor", changes=True, fields=lift).status_code == 200
    inmate = house.call("restriction.add", "counselor", changes=True, fields=order | {"inmate": "1001"})
    assert inmate.status_code == 200


def test_a_bar_is_not_told_where_a_decision_is_answered(house: House) -> None:
    bar = {"number": "+12025550171", "kind": "victim", "reference": "case 1"}
    assert house.call("number.bar", "counselor", changes=True, fields=bar).json()["removed_from"] == ["north/1002"]
    asked = {"inmate": "1001", "number": "+12025550171"}
    house.call("contact.request", "counselor", changes=True, fields=asked)
    answer = house.call("contact.approve", "counselor", changes=True, fields=asked)
    assert answer.json() == {"inmate": "1001", "number": "+12025550171", "status": "denied"}


def test_a_sheet_names_every_bad_line(house: House) -> None:
    sheet = {"sheet": "number,name\n1001,Ann\n1002,Bo\n"}
    refused = house.call("inmate.import", "counselor", changes=True, fields=sheet)
    assert refused.status_code == 422
    assert [line.split(": ")[1] for line in refused.json()["detail"].splitlines()] == ["line 2", "line 3"]


def test_staff_of_a_facility_move_nobody_out_of_it(house: House) -> None:
    house.store.change_staff("sam", ["supervisor"], "north", "tests", house.clock())
    moved = {"inmate": "1001", "to_facility": "south"}
    assert house.call("inmate.move", "sam", changes=True, fields=moved).status_code == 403
    assert house.call("inmate.move", "supervisor", changes=True, fields=moved).status_code == 200


def test_what_is_another_facilitys_is_not_there(house: House) -> None:
    house.store.change_staff("sam", ["supervisor", "legal"], "south", "tests", house.clock())
    for name, fields in (
        ("restriction.lift", {"id": 1, "reason": "x"}),
        ("counsel.withdraw", {"id": 1, "reason": "x"}),
        ("counsel.undetermine", {"id": 1}),
        ("counsel.determine", {"restriction": 1, "ground": "x", "document": "y"}),
        ("message.withdraw", {"id": 1}),
        ("handset.change", {"device": "h1", "label": "x"}),
        ("contact.approve", {"inmate": "1002", "number": "+12025550171"}),
    ):
        assert house.call(name, "sam", changes=True, fields=fields).status_code == 404, name
