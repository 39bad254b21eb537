"""P10: what staff suspend stops the calls that it reaches at the next look, and no others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.config import Settings
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangement, Arrangements
from kinline.daemon.keys import Keys
from kinline.daemon.records import Records
from kinline.daemon.watch import CUT_S, RENEW_EVERY, Watch
from kinline.store.errors import StoreError
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON

ATTORNEY = "+12025550190"


class Phone:
    """A station as the watch sees it, with real records behind it."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.handset = records.handset
        self.call = 0
        self.keys_checked = 0
        self.cut_by: str | None = None

    def cut_rule(self, call: int) -> str | None:
        return self.records.cut_rule(call)

    def cut(self, rule: str) -> None:
        self.cut_by = rule
        self.records.finish(act.Finish(self.call, act.Outcome.COMPLETED, act.EndedBy.STAFF, 0), None)
        self.call = 0

    def check_key(self) -> None:
        self.keys_checked += 1

    def arrange(self, arrangement: Arrangement) -> None:
        self.records.arrangement = arrangement

    def begins(self, inmate: int | None, dialled: str = MOTHER) -> None:
        begun = self.records.attempt(act.Attempt(1, inmate, dialled.removeprefix("+1")))
        assert isinstance(begun, ev.Begun), begun
        self.call = begun.call


class House:
    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.now = NOON
        arrangements = Arrangements(settings, store)
        served = arrangements.all()
        self.first, self.second = self.phones = [
            Phone(Records(store, device, served[device], lambda: self.now)) for device in ("h1", "h2")
        ]
        self.keys = Keys(store)
        self.watch = Watch(store, arrangements, self.phones, lambda: self.now, self.keys)

    async def cuts(self) -> list[str | None]:
        """Which rule cut the first and the second telephone's call, after one look."""
        await self.watch.look()
        return [phone.cut_by for phone in self.phones]


@pytest.fixture
def house(store: Store, settings: Settings) -> Iterator[House]:
    store.add_unit("north", "B2")
    store.change_handset("h2", unit="B2")
    house = House(store, settings)
    yield house
    house.watch.close()


async def test_a_facilitys_suspension_stops_every_call(house: House) -> None:
    house.first.begins(1)
    house.second.begins(2)
    assert await house.cuts() == [None, None]
    house.store.suspend_facility("north", True)
    house.now = datetime.now(UTC) + timedelta(seconds=1)
    assert await house.cuts() == ["suspension", "suspension"]


@pytest.mark.parametrize(
    ("subject", "cut"),
    [
        ({"handset": "h1"}, ["suspension", None]),
        ({"unit": "B2"}, [None, "suspension"]),
        ({"inmate": "1001"}, ["restriction", None]),
        ({}, ["suspension", "suspension"]),
    ],
)
async def test_only_what_is_suspended_stops(house: House, subject: dict[str, str], cut: list[str | None]) -> None:
    house.first.begins(1)
    house.second.begins(2)
    house.store.restrict("north", **subject, at=NOON)  # type: ignore[arg-type]
    assert await house.cuts() == cut


async def test_a_suspension_to_come_stops_when_it_comes_and_one_lifted_does_not(house: House) -> None:
    house.first.begins(1)
    stop = house.store.restrict("north", since=NOON + timedelta(seconds=30), until=NOON + timedelta(hours=1), at=NOON)
    house.now = NOON + timedelta(seconds=29)
    assert await house.cuts() == [None, None]
    house.store.lift_restriction(stop, "north", at=house.now)
    house.now = NOON + timedelta(seconds=31)
    assert await house.cuts() == [None, None]
    house.store.restrict("north", since=NOON + timedelta(seconds=40), until=NOON + timedelta(hours=1), at=house.now)
    house.now = NOON + timedelta(seconds=40)
    assert await house.cuts() == ["suspension", None]


async def test_counsel_goes_on_until_a_determination_covers_it(house: House) -> None:
    day = timedelta(days=1)
    house.store.arrange_counsel("north", "1001", ATTORNEY, "A. Torney", "file 7", NOON - day, NOON + day, at=NOON - day)
    house.first.begins(1, ATTORNEY)
    stop = house.store.restrict("north", at=NOON)
    assert await house.cuts() == [None, None]
    house.store.determine_counsel(stop, "north", "a ground", "a document", at=NOON, actor="legal")
    assert await house.cuts() == ["suspension", None]


async def test_a_telephone_taken_out_of_service_stops_its_call(house: House) -> None:
    house.second.begins(2)
    house.store.change_handset("h2", enabled=False)
    assert await house.cuts() == [None, "suspension"]


async def test_the_cut_holds_after_a_restart(house: House, settings: Settings) -> None:
    house.first.begins(1)
    house.store.restrict("north", at=NOON)
    anew = House(house.store, settings)
    anew.first.records._targets.update(house.first.records._targets)
    anew.first.call = house.first.call
    assert await anew.cuts() == ["suspension", None]
    denied = anew.first.records.attempt(act.Attempt(2, 1, MOTHER.removeprefix("+1")))
    assert isinstance(denied, ev.Denied) and denied.prompt == "denied_suspension"


async def test_nothing_is_asked_while_nobody_calls(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_at: datetime) -> frozenset[int]:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(house.store, "calls_concerned", never)
    assert await house.cuts() == [None, None]


async def test_a_database_that_cannot_be_read_is_told_and_asked_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.first.begins(1)
    house.store.restrict("north", at=NOON)
    before = counters.value("watch_failed")
    with monkeypatch.context() as broken:

        def gone(_at: datetime) -> frozenset[int]:
            raise StoreError("the database is locked")

        broken.setattr(house.store, "calls_concerned", gone)
        assert await house.cuts() == [None, None]
    assert counters.value("watch_failed") == before + 1
    assert await house.cuts() == ["suspension", None]


async def test_a_site_that_changes_is_followed_and_a_broken_profile_is_not(house: House) -> None:
    house.store.change_facility("north", name="North Annex")
    await house.watch.look(renew=True)
    assert house.first.records.arrangement.manners.facility == "North Annex"
    house.store.change_facility("north", profile="no-such-profile", name="Elsewhere")
    await house.watch.look(renew=True)
    assert house.first.records.arrangement.manners.facility == "North Annex", "the last known choices hold"


async def test_a_broken_profile_keeps_no_revoked_handset_in_its_session(house: House) -> None:
    house.store.change_facility("north", profile="no-such-profile")
    house.store.revoke_handset("h1")
    await house.watch.look(renew=True)
    assert house.first.keys_checked == 1


async def test_a_profile_whose_keys_clash_with_the_sites_is_not_followed(store: Store, settings: Settings) -> None:
    acceptance = settings.calls.acceptance.model_copy(update={"accept": "4"})
    house = House(store, settings.model_copy(update={"calls": settings.calls.model_copy(update={"acceptance": acceptance})}))
    before = counters.value("watch_failed")
    store.change_facility("north", profile="wa-doc")  # whose called parties open an account by 4
    await house.watch.look(renew=True)
    house.watch.close()
    assert house.first.records.arrangement.manners.account_digit is None, "the last known choices hold"
    assert counters.value("watch_failed") == before + 1


def test_a_look_comes_often_enough_for_a_second() -> None:
    assert CUT_S <= 0.25
    assert RENEW_EVERY * CUT_S <= 5
