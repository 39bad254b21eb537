"""PINs are found, guarded, and never readable."""

import pytest

from kinline.accounts import PinBook, PinError
from kinline.accounts.pins import easily_guessed

BOOK = PinBook(b"s" * 32)


def test_a_pin_fits_its_hash_only() -> None:
    kept = BOOK.hash("4321")
    assert "4321" not in kept and kept.startswith("$argon2id$")
    assert BOOK.verify(kept, "4321")
    assert not BOOK.verify(kept, "4322")
    assert BOOK.hash("4321") != kept


def test_another_sites_secret_opens_nothing() -> None:
    assert not PinBook(b"t" * 32).verify(BOOK.hash("4321"), "4321")
    assert PinBook(b"t" * 32).index(1, "4321") != BOOK.index(1, "4321")


@pytest.mark.parametrize("kept", [None, "", "garbage", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
def test_nothing_fits_a_missing_or_broken_hash(kept: str | None) -> None:
    assert not BOOK.verify(kept, "0000")


@pytest.mark.parametrize("entered", ["", "0" * 400, "٤٣٢١", "\x00"])
def test_whatever_is_entered_is_answered(entered: str) -> None:
    assert not BOOK.verify(BOOK.hash("4321"), entered)
    assert BOOK.index(1, entered)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", " 1234"])
def test_a_malformed_pin_is_refused_without_repeating_it(pin: str) -> None:
    with pytest.raises(PinError) as caught:
        BOOK.hash(pin)
    assert not pin or pin not in str(caught.value)


def test_indexes_differ_between_facilities() -> None:
    assert BOOK.index(1, "4321") != BOOK.index(2, "4321")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        PinBook(b"short")


@pytest.mark.parametrize("pin", ["0000", "777777", "123456", "4321", "890123", "2109"])
def test_what_neighbors_try_first_is_known(pin: str) -> None:
    assert easily_guessed(pin)


@pytest.mark.parametrize("pin", ["1357", "4001", "112233", "121212", "604418"])
def test_other_pins_are_not_refused(pin: str) -> None:
    assert not easily_guessed(pin)
