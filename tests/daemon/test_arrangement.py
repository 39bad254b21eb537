"""How a telephone is served follows its facility, its own mode and the site's files, as they stand at each look."""

import os
from datetime import date
from pathlib import Path

import pytest

from kinline.accounts.rates import RateLine
from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import OpenLine, Payer, PinMode
from kinline.config import Settings, SettingsError
from kinline.daemon.arrangement import Arrangements
from kinline.daemon.records import Records
from kinline.rules import ProfileError
from kinline.rules.profile import NamedNumber
from kinline.store.given import PinModeOf
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON

OWN = """\
extends = "generic"
title = "Ours"
version = 1
[acceptance]
accept = "{accept}"
source = "ours"
effective = 2026-01-01
"""


def line(number: str, dial: str | None, without_pin: bool = True, label: str = "the ombudsman") -> NamedNumber:
    return NamedNumber(
        source="ours",
        effective=date(2026, 1, 1),
        number=number,
        label=label,
        number_class="anonymous",
        dial=dial,
        without_pin=without_pin,
    )


def test_the_called_partys_keys_are_the_profiles_unless_the_site_has_others(settings: Settings, store: Store) -> None:
    acceptance = settings.calls.acceptance.model_copy(update={"quote": "7"})
    own = settings.model_copy(update={"calls": settings.calls.model_copy(update={"acceptance": acceptance})})
    manners = Arrangements(own, store).all()["h1"].manners
    assert (manners.accept_digit, manners.refuse_digit, manners.quote_digit, manners.block_digit) == ("1", "2", "7", "9")


@pytest.mark.parametrize(
    ("profile", "own", "said"),
    [
        ("generic", {"accept": "2"}, "makes 2 the key for accept and for refuse"),
        ("generic", {"accept": "9"}, "makes 9 the key for accept and for block"),
        ("generic", {"block": "1"}, "makes 1 the key for accept and for block"),
        ("wa-doc", {"accept": "4"}, "makes 4 the key for accept and for account"),
    ],
)
def test_no_key_of_the_called_party_means_two_things(
    settings: Settings, store: Store, profile: str, own: dict[str, str], said: str
) -> None:
    """Whoever pressed the profile's key to refuse would accept, and be charged."""
    store.change_facility("north", profile=profile)
    calls = settings.calls.model_copy(update={"acceptance": settings.calls.acceptance.model_copy(update=own)})
    with pytest.raises(SettingsError, match=f"the settings: .*profile {profile} .*{said}; choose another"):
        Arrangements(settings.model_copy(update={"calls": calls}), store).all()


def test_what_a_caller_may_choose_and_dial_is_the_profiles(settings: Settings, store: Store) -> None:
    arrangements = Arrangements(settings, store)
    for profile, payers, code, key in (
        ("mo-doc", tuple(Payer), None, None),
        ("bop", (), "118", None),
        ("wa-doc", (), None, "4"),
    ):
        store.change_facility("north", profile=profile)
        manners = arrangements.all()["h1"].manners
        assert (manners.payers, manners.account_code, manners.account_digit) == (payers, code, key)


def test_a_text_telephone_stands_at_one_handset_and_not_at_its_neighbour(settings: Settings, store: Store) -> None:
    for beside, device in (("h1", "h2"), ("h2", "h1")):
        store.change_handset(beside, text_telephone=False)
        store.change_handset(device, text_telephone=True)
        served = Arrangements(settings, store).all()
        assert (served[device].manners.text_telephone, served[beside].manners.text_telephone) == (True, False)


def test_a_profiles_file_that_changes_is_followed(settings: Settings, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "profiles" / "ours.toml"
    file.write_text(OWN.format(accept="5"))
    store.change_facility("north", profile="ours")
    arrangements = Arrangements(settings, store)
    first = arrangements.all()["h1"].manners
    assert (first.accept_digit, first.refuse_digit) == ("5", None), "a key that the profile leaves out is not offered"
    file.write_text(OWN.format(accept="6"))
    os.utime(file, ns=(1, 1))
    assert arrangements.all()["h1"].manners.accept_digit == "6"
    file.write_text("nonsense")
    with pytest.raises(ProfileError, match="not readable"):
        arrangements.all()


def test_a_booking_phone_needs_no_pin_and_its_neighbor_does(settings: Settings, store: Store) -> None:
    store.change_handset("h2", pin_mode=PinModeOf("none"))
    calls = settings.calls.model_copy(update={"pin_mode": "pin"})
    served = Arrangements(settings.model_copy(update={"calls": calls}), store).all()
    assert (served["h1"].manners.pin_mode, served["h2"].manners.pin_mode) == (PinMode.PIN, PinMode.NONE)
    assert (served["h1"].profile.pin.mode, served["h2"].profile.pin.mode) == ("id+pin", "none")


def test_a_facilitys_own_lines_are_offered_as_soon_as_they_are_opened(settings: Settings, store: Store) -> None:
    arrangements = Arrangements(settings, store)
    assert arrangements.all()["h1"].manners.lines == ()
    for named in (line("+12025550180", "77"), line("+12025550181", None), line("+12025550182", "88", without_pin=False)):
        store.add_named_line("north", named)
    arranged = arrangements.all()["h1"]
    assert arranged.manners.lines == (OpenLine("77", "the ombudsman"),)
    assert (by_code := arranged.by_code("88")) and by_code.number == "+12025550182"
    assert arranged.by_code("99") is None
    store.remove_named_line("north", "+12025550180")
    assert arrangements.all()["h1"].manners.lines == ()


def test_a_price_of_the_facility_is_that_of_the_next_attempt(settings: Settings, store: Store) -> None:
    dearer = RateLine(90_000, "the facility's own", since=NOON.date())
    store.set_rate("north", dearer, at=NOON)
    records = Records(store, "h1", Arrangements(settings, store).all()["h1"], lambda: NOON)
    begun = records.attempt(act.Attempt(1, 1, MOTHER.removeprefix("+1")))
    assert isinstance(begun, ev.Begun)
    assert begun.allow.rate_micros_per_minute == store.call(begun.call).rate_micros_per_minute == 90_000
    assert store.call(begun.call).rate_source == "the facility's own"
