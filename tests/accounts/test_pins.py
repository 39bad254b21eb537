"""PINs are found, guarded, and never readable."""

from datetime import UTC, datetime, timedelta

import pytest

from kinline.accounts import Lockout, PinBook, PinError

BOOK = PinBook(b"s" * 32)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


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


class TestLockout:
    def test_three_misses_in_a_row_lock(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON)
        assert not lock.locked(NOON)
        lock = lock.missed(NOON)
        assert lock.locked(NOON) and lock.locked_until == NOON + timedelta(minutes=1)
        assert not lock.locked(NOON + timedelta(minutes=1))

    def test_a_right_pin_ends_the_row(self) -> None:
        assert not Lockout().missed(NOON).missed(NOON).succeeded().missed(NOON).locked(NOON)

    def test_each_lock_is_twice_as_long_up_to_an_hour(self) -> None:
        lock, at, spans = Lockout(), NOON, []
        for _ in range(9):
            for _ in range(3):
                lock = lock.missed(at)
            assert lock.locked_until is not None
            spans.append((lock.locked_until - at).total_seconds() // 60)
            at = lock.locked_until
        assert spans == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_a_right_pin_does_not_shorten_the_next_lock(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON).missed(NOON)
        later = NOON + timedelta(minutes=5)
        lock = lock.succeeded().missed(later).missed(later).missed(later)
        assert lock.locked_until == later + timedelta(minutes=2)

    def test_a_quiet_day_makes_the_next_lock_short_again(self) -> None:
        lock = Lockout(level=5, locked_until=NOON)
        later = NOON + timedelta(days=1)
        assert lock.missed(later).missed(later).missed(later).locked_until == later + timedelta(minutes=1)

    def test_misses_while_locked_change_nothing(self) -> None:
        lock = Lockout().missed(NOON).missed(NOON).missed(NOON)
        assert lock.missed(NOON) is lock
