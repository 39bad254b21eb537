"""Guessing at PINs over several telephones, with and without a PIN of one's own; and the PINs that are made."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from kinline.accounts.lockout import FORGIVEN_A_DAY
from kinline.accounts.pins import PinBook
from kinline.store.errors import Conflict
from kinline.store.given import PinModeOf
from kinline.store.pins import PinFound, PinLocked, PinWrong
from kinline.store.store import Store
from tests.store.site import NOON

OWN, VICTIM = ("1001", "4001"), "1002"
SECOND = timedelta(seconds=1)


def test_ones_own_pin_does_not_pay_for_guesses_at_anothers(store: Store) -> None:
    """Two guesses, one's own PIN, two guesses, …: the pair's count goes on, whoever was right in between."""
    looked_at = 0
    for turn in range(20):
        for _ in range(2):
            looked_at += isinstance(store.inmate_by_pin("h1", VICTIM, "0000", NOON + turn * SECOND), PinWrong)
        store.inmate_by_pin("h1", *OWN, NOON + turn * SECOND)
    assert looked_at == 3


def test_walking_between_telephones_does_not_help_for_long(store: Store) -> None:
    handsets = ["h1", "h2", *(f"w{n}" for n in range(6))]
    for name in handsets[2:]:
        store.add_handset(name, b"k" * 16, "north")
    looked_at = sum(isinstance(store.inmate_by_pin(name, VICTIM, "0000", NOON), PinWrong) for _ in range(3) for name in handsets)
    assert looked_at == 10
    assert isinstance(store.inmate_by_pin("w5", VICTIM, "4002", NOON), PinLocked)
    with store.engine.connect() as connection:
        rows = connection.execute(text("SELECT actor, subject FROM audit WHERE action = 'inmate.pin-guessed'")).all()
    assert [tuple(row) for row in rows] == [("system", "north/1002")]


def test_nobody_is_shut_out_for_long_elsewhere(store: Store) -> None:
    """A neighbor guesses at one telephone for an hour; at another the right PIN works within five minutes at any time."""
    for minute in range(60):
        at = NOON + timedelta(minutes=minute)
        for _ in range(3):
            store.inmate_by_pin("h1", VICTIM, "0000", at)
        answer = store.inmate_by_pin("h2", VICTIM, "4002", at)
        if not isinstance(answer, PinFound):
            assert isinstance(answer, PinLocked) and answer.locked_until - at <= timedelta(minutes=5)
    assert isinstance(store.inmate_by_pin("h2", VICTIM, "4002", NOON + timedelta(minutes=66)), PinFound)


def test_a_right_pin_ends_the_row_of_ones_own_misses(store: Store) -> None:
    for _ in range(2):
        assert store.inmate_by_pin("h1", "1001", "0000", NOON) == PinWrong(None)
    assert isinstance(store.inmate_by_pin("h1", *OWN, NOON), PinFound)
    assert store.inmate_by_pin("h1", "1001", "0000", NOON) == PinWrong(None)
    assert isinstance(store.inmate_by_pin("h1", *OWN, NOON), PinFound)


def test_forgiveness_has_an_end(store: Store) -> None:
    """Guesses at numbers that nobody has cost a telephone's row too; a right PIN forgives only some a day."""
    answers = []
    for turn in range(6):
        answers += [store.inmate_by_pin("h1", f"9{turn}{n}", "0000", NOON) for n in range(2)]
        store.inmate_by_pin("h1", *OWN, NOON)
    looked_at = [answer for answer in answers if isinstance(answer, PinWrong)]
    assert len(looked_at) == FORGIVEN_A_DAY + 3


def test_a_lock_can_be_ended_by_staff_and_by_a_new_pin(store: Store) -> None:
    for lift in (lambda: store.unlock_pin("north", "1001"), lambda: store.set_pin("north", "1001", "4001")):
        for _ in range(3):
            store.inmate_by_pin("h1", "1001", "0000", NOON)
        lift()
        at = NOON + timedelta(minutes=1)  # the telephone's own lock
        assert isinstance(store.inmate_by_pin("h1", *OWN, at), PinFound)


class TestWhileTheSlowHashIsAtWork:
    """Other hosts and staff go on meanwhile; `meanwhile` is what they do."""

    @pytest.fixture
    def during(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
        verify = PinBook.verify

        def plan(meanwhile: Callable[[], object]) -> None:
            def slow(book: PinBook, pin_hash: str | None, pin: str) -> bool:
                found = verify(book, pin_hash, pin)
                monkeypatch.setattr(PinBook, "verify", verify)
                meanwhile()
                return found

            monkeypatch.setattr(PinBook, "verify", slow)

        return plan

    def test_nobody_waits(self, store: Store, during: Callable[[Callable[[], object]], None]) -> None:
        during(lambda: store.set_inmate_status("north", "1001", "active"))
        assert isinstance(store.inmate_by_pin("h1", *OWN, NOON), PinFound)

    def test_a_lock_that_falls_holds(self, store: Store, during: Callable[[Callable[[], object]], None]) -> None:
        during(lambda: [store.inmate_by_pin("h1", "1001", "0000", NOON) for _ in range(3)])
        assert isinstance(store.inmate_by_pin("h1", *OWN, NOON), PinLocked)

    def test_a_pin_that_is_replaced_is_wrong(self, store: Store, during: Callable[[Callable[[], object]], None]) -> None:
        during(lambda: store.set_pin("north", "1001", "7351"))
        assert store.inmate_by_pin("h1", *OWN, NOON) == PinWrong(None)


class TestPinOnly:
    @pytest.fixture
    def by_pin_alone(self, store: Store) -> Store:
        store.add_facility("south", "South", "America/Chicago", "ct-doc", "pin")
        store.add_handset("s1", b"k" * 16, "south")
        for number in ("1", "2"):
            store.add_inmate("south", number, f"Inmate {number}")
        return store

    def test_a_made_pin_works_and_no_two_are_alike(self, by_pin_alone: Store) -> None:
        pins = {number: by_pin_alone.issue_pin("south", number) for number in ("1", "2")}
        assert len(set(pins.values())) == 2 and all(len(pin) == 6 and pin.isdigit() for pin in pins.values())
        for number, pin in pins.items():
            answer = by_pin_alone.inmate_by_pin("s1", None, pin, NOON)
            assert isinstance(answer, PinFound) and answer.inmate.number == number

    def test_a_taken_or_plain_pin_is_not_made(self, by_pin_alone: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        by_pin_alone.set_pin("south", "1", "604417")
        digits = iter("604417000000123456604418")
        monkeypatch.setattr("kinline.store.pins.secrets.choice", lambda _: next(digits))
        assert by_pin_alone.issue_pin("south", "2") == "604418"

    def test_guessing_with_ones_own_pin_in_between(self, by_pin_alone: Store) -> None:
        own, looked_at = by_pin_alone.issue_pin("south", "1"), 0
        for turn in range(10):
            for n in range(2):
                guess = by_pin_alone.inmate_by_pin("s1", None, f"99{turn}{n}", NOON)
                looked_at += isinstance(guess, PinWrong)
            by_pin_alone.inmate_by_pin("s1", None, own, NOON)
        assert looked_at == FORGIVEN_A_DAY + 3


class TestModes:
    def test_a_booking_phone_asks_nobody_and_counts_nothing(self, store: Store) -> None:
        store.change_handset("h1", pin_mode=PinModeOf("none"))
        assert (store.handset("h1").pin_mode, store.handset("h2").pin_mode) == ("none", "id+pin")
        for _ in range(5):
            assert store.inmate_by_pin("h1", None, "", NOON) == PinWrong(None)
        store.change_handset("h1", pin_mode=PinModeOf(None))
        assert isinstance(store.inmate_by_pin("h1", *OWN, NOON), PinFound)

    def test_by_pin_alone_needs_the_whole_facility(self, store: Store) -> None:
        with pytest.raises(Conflict, match="two inmates may have the same PIN"):
            store.change_handset("h1", pin_mode=PinModeOf("pin"))

    def test_a_facility_that_goes_over_to_pins_alone_gives_everyone_a_new_one(self, store: Store) -> None:
        store.set_inmate_status("north", "1002", "released")
        made = store.set_facility_pin_mode("north", "pin")
        assert list(made) == ["1001"]
        answer = store.inmate_by_pin("h1", None, made["1001"], NOON)
        assert isinstance(answer, PinFound) and answer.inmate.number == "1001"
        store.change_handset("h1", pin_mode=PinModeOf("pin"))
        assert store.set_facility_pin_mode("north", "pin") == {}
        assert store.set_facility_pin_mode("north", "id+pin") == {}
        assert store.handset("h1").pin_mode == "id+pin"
        assert isinstance(store.inmate_by_pin("h1", "1001", made["1001"], NOON), PinFound)

    def test_a_pin_does_not_move_into_a_facility_by_pin_alone(self, store: Store) -> None:
        store.add_facility("south", "South", "America/Chicago", "ct-doc", "pin")
        store.add_handset("s1", b"k" * 16, "south")
        store.move_inmate("north", "1001", to_facility="south")
        assert store.inmate_by_pin("s1", None, "4001", NOON) == PinWrong(None)
        pin = store.issue_pin("south", "1001")
        assert isinstance(store.inmate_by_pin("s1", None, pin, NOON), PinFound)

    def test_a_taken_number_stays_where_it_is(self, store: Store) -> None:
        store.add_facility("south", "South", "America/Chicago", "ct-doc")
        store.add_inmate("south", "1001", "Other")
        with pytest.raises(Conflict, match="exists in south already"):
            store.move_inmate("north", "1001", to_facility="south")


def test_no_made_pin_is_in_the_log(store: Store) -> None:
    pins = [store.issue_pin("north", "1001"), *store.set_facility_pin_mode("north", "pin").values()]
    with store.engine.connect() as connection:
        rows = str(connection.execute(text("SELECT actor, action, subject, details FROM audit")).all())
    assert not any(pin in rows for pin in pins)
