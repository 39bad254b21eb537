"""What the telephone would say, asked by staff ahead of the call."""

from datetime import timedelta

from tests.operations.site import House

MOTHER = {"inmate": "1001", "number": "+12025550123"}


def asked(house: House, verb: str, **more: object) -> dict[str, object]:
    answer = house.call(f"contact.{verb}", "counselor", changes=False, fields={**MOTHER, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_an_allowed_call(house: House) -> None:
    told = asked(house, "explain")
    assert (told["allow"], told["limited_by"], told["rule"]) == (True, "call_length", None)
    assert isinstance(told["text"], list) and len(told["text"]) > 18


def test_a_refusal_its_rule_and_when_it_passes(house: House) -> None:
    until = house.clock() + timedelta(hours=5)
    house.store.restrict("north", reason="report 1", inmate="1001", until=until, at=house.clock())
    told = asked(house, "explain", language="es")
    assert (told["allow"], told["rule"]) == (False, "restriction")
    openings = asked(house, "calendar", days=2)
    assert isinstance(openings, list) and openings[0]["start"] == told["next_allowed_at"]


def test_a_stranger_s_number_tells_nothing(house: House) -> None:
    for verb in ("explain", "calendar"):
        answer = house.call(f"contact.{verb}", "counselor", changes=False, fields=MOTHER | {"number": "+12025550155"})
        assert answer.status_code == 404 and "not on the list of 1001" in answer.json()["detail"]
