"""Prices above a legal cap are told when they are put into service, and only then."""

from datetime import date

from kinline.operations.legal import above_caps
from kinline.profiles import load_profile
from tests.operations.site import House

PRISON = {"code": "west", "name": "West", "timezone": "America/Denver", "profile": "ct-doc"}


def test_a_profile_put_into_service(house: House) -> None:
    (told,) = house.call("facility.add", "supervisor", changes=True, fields=PRISON).json()["above_caps"]
    assert told.startswith("rate.micros_per_minute: $0.21 a minute is above the cap of $0.11 for prisons")
    fields = PRISON | {"code": "east", "profile": "ct-doc-2022"}
    assert house.call("facility.add", "supervisor", changes=True, fields=fields).json()["above_caps"] == []


def test_another_profile_for_a_facility(house: House) -> None:
    change = {"profile": "mo-doc", "facility": "south"}
    assert house.call("facility.change", "supervisor", changes=True, fields=change).json()["above_caps"] == []
    changed = house.call("facility.change", "supervisor", changes=True, fields={"profile": "ct-doc", "facility": "south"})
    assert len(changed.json()["above_caps"]) == 1
    named = house.call("facility.change", "supervisor", changes=True, fields={"name": "South Prison", "facility": "south"})
    assert named.json()["above_caps"] == []


def test_a_price_of_the_facilitys_own(house: House) -> None:
    house.call("facility.change", "supervisor", changes=True, fields={"profile": "mo-doc", "facility": "south"})
    price = {"micros_per_minute": 120_000, "source": "Contract 1", "facility": "south"}
    early = house.call("rate.set", "supervisor", changes=True, fields=price | {"from": "2026-03-03", "until": "2026-04-06"})
    assert early.json()["above_caps"] == []
    late = house.call("rate.set", "supervisor", changes=True, fields=price | {"from": "2026-04-06"})
    assert [line.split(":")[0] for line in late.json()["above_caps"]] == ["rate.micros_per_minute"]


def test_a_cap_that_begins_later_is_told_now() -> None:
    assert above_caps(load_profile("ct-doc"), date(2026, 1, 1), date(2026, 4, 6)) == []
    assert above_caps(load_profile("ct-doc"), date(2026, 1, 1), date(2026, 4, 7)) != []
