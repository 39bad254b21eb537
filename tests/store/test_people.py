"""People, handsets, PINs, blocks, and the audit log of who changed them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from kinline.accounts import PinError
from kinline.rules import Window
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.given import PinModeOf
from kinline.store.models import Base
from kinline.store.pins import PinFound, PinLocked, PinWrong
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, store_at

PIN = "4001"
_AUDIT_GUARDS = {"sqlite": ("audit_no_update", "audit_no_delete"), "postgresql": ("audit_append_only ON audit",)}


class TestPin:
    def test_the_right_pin_finds_its_inmate(self, store: Store) -> None:
        answer = store.inmate_by_pin("h1", "1001", PIN, NOON)
        assert isinstance(answer, PinFound) and answer.inmate.number == "1001"

    @pytest.mark.parametrize(
        ("number", "pin"),
        [("1002", PIN), ("1001", "4002"), ("9999", PIN), (None, PIN), ("", ""), ("1" * 500, "2" * 500), ("x\x00", "٤")],
    )
    def test_anything_else_is_wrong(self, store: Store, number: str | None, pin: str) -> None:
        assert store.inmate_by_pin("h1", number, pin, NOON) == PinWrong(None)

    def test_an_inactive_inmate_is_wrong(self, store: Store) -> None:
        store.set_inmate_status("north", "1001", "released")
        assert store.inmate_by_pin("h1", "1001", PIN, NOON) == PinWrong(None)

    def test_three_misses_lock_the_handset_and_it_survives_a_restart(self, store: Store, address: str) -> None:
        answers = [store.inmate_by_pin("h1", "1001", "0000", NOON) for _ in range(3)]
        until = NOON + timedelta(minutes=1)
        assert answers[2] == PinWrong(until)
        store.close()
        again = store_at(address)
        assert again.inmate_by_pin("h1", "1001", PIN, NOON) == PinLocked(until)
        assert again.handset("h1").locked_until == until
        assert isinstance(again.inmate_by_pin("h2", "1001", PIN, NOON), PinFound)
        assert isinstance(again.inmate_by_pin("h1", "1001", PIN, until), PinFound)
        again.close()

    def test_a_changed_pin_is_the_only_one(self, store: Store) -> None:
        store.set_pin("north", "1001", "8888")
        assert isinstance(store.inmate_by_pin("h1", "1001", "8888", NOON), PinFound)
        assert store.inmate_by_pin("h1", "1001", PIN, NOON) == PinWrong(None)

    def test_a_malformed_pin_is_refused(self, store: Store) -> None:
        with pytest.raises(PinError):
            store.set_pin("north", "1001", "12")

    def test_no_pin_is_readable_in_the_database(self, store: Store, tmp_path: Path) -> None:
        store.set_pin("north", "1001", "73519264")
        with store.engine.connect() as connection:
            rows = [row for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]
        assert rows and not any("73519264" in str(row) for row in rows)
        store.close()
        assert b"73519264" not in b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))


class TestPinOnly:
    def test_the_pin_alone_finds_its_inmate(self, store: Store) -> None:
        self._facility(store)
        answer = store.inmate_by_pin("s1", None, "5001", NOON)
        assert isinstance(answer, PinFound) and answer.inmate.number == "1"
        assert store.inmate_by_pin("s1", "1", "5003", NOON) == PinWrong(None)

    def test_two_inmates_never_share_one(self, store: Store) -> None:
        self._facility(store)
        with pytest.raises(Conflict, match="choose another"):
            store.set_pin("south", "1", "5002")
        with pytest.raises(Conflict):
            store.add_inmate("south", "3", "Three", "5002")
        assert isinstance(store.inmate_by_pin("s1", None, "5001", NOON), PinFound)

    def _facility(self, store: Store) -> None:
        store.add_facility("south", "South", "America/Chicago", "ct-doc", "pin")
        store.add_handset("s1", b"k" * 16, "south")
        store.add_inmate("south", "1", "One", "5001")
        store.add_inmate("south", "2", "Two", "5002")


def test_names_are_given_once(store: Store) -> None:
    deeds: list[Callable[[], object]] = [
        lambda: store.add_facility("north", "North", "UTC", "generic"),
        lambda: store.add_handset("h1", b"k" * 16, "north"),
        lambda: store.add_inmate("north", "1001", "Other", "9999"),
        lambda: store.add_contact("north", "1001", MOTHER),
    ]
    for again in deeds:
        with pytest.raises(Conflict, match="exists already"):
            again()


def test_what_it_hangs_on_must_exist(store: Store) -> None:
    for lost in (
        lambda: store.add_unit("nowhere", "B2"),
        lambda: store.add_handset("h9", b"k" * 16, "north", unit="Z"),
        lambda: store.add_contact("north", "9", MOTHER),
        lambda: store.inmate_by_pin("h9", "1001", PIN, NOON),
    ):
        with pytest.raises(NotFound, match="does not exist"):
            lost()


def test_a_list_holds_its_maximum_of_social_numbers(store: Store) -> None:
    store.add_contact("north", "1001", "+12025550124", maximum=2)
    with pytest.raises(Conflict, match="full with 2"):
        store.add_contact("north", "1001", "+12025550125", maximum=2)
    store.add_contact("north", "1001", "+12025550126", number_class="free", maximum=2)


def test_a_number_is_not_privileged_for_being_called_so(store: Store) -> None:
    with pytest.raises(StoreError, match="counsel arrange"):
        store.add_contact("north", "1001", "+12025550126", number_class="privileged")


def test_a_handsets_key_has_sixteen_bytes_and_is_not_shown(store: Store) -> None:
    with pytest.raises(StoreError, match="16 bytes"):
        store.add_handset("h9", b"short", "north")
    assert "kkkk" not in repr(store.handset("h1"))


def test_the_rules_see_what_staff_entered(store: Store) -> None:
    store.add_unit("north", "B2", [Window.parse("08:00", "11:00"), Window.parse("13:00", "24:00")])
    store.add_inmate("north", "1003", "Three", "4003", unit="B2", language="es")
    inmate = store.inmate("north", "1003")
    store.restrict("north", inmate="1003", kind="sanction", since=NOON, until=NOON + timedelta(days=1), reason="sanction")
    store.suspend_facility("north", True)
    store.block_number(MOTHER, "staff", "north")
    request = store.call_request(inmate.id, MOTHER, "h1", NOON)
    assert request.facility.suspended
    assert [str(window) for window in request.facility.schedules["B2"]] == ["08:00-11:00", "13:00-24:00"]
    assert request.inmate is not None
    assert (request.inmate.unit, request.inmate.language) == ("B2", "es")
    assert request.inmate.restrictions[0].since == NOON
    assert request.called_party.blocked_by_facility and not request.called_party.blocked


class TestAudit:
    def test_every_deed_is_chained(self, store: Store) -> None:
        report = store.verify_audit()
        assert report.broken_at is None and report.rows >= 8

    @pytest.mark.parametrize("deed", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
    def test_rows_cannot_be_changed_or_removed(self, store: Store, deed: str) -> None:
        with pytest.raises(DBAPIError, match="append-only"), store.engine.begin() as connection:
            connection.execute(text(deed))

    @pytest.mark.parametrize(
        ("deed", "broken_at"),
        [
            ("UPDATE audit SET subject = 'other' WHERE id = 4", 4),
            ("DELETE FROM audit WHERE id = 4", 5),
            ("UPDATE audit SET at = '2001-01-01 00:00:00' WHERE id = 1", 1),
        ],
    )
    def test_a_change_behind_the_triggers_is_found(self, store: Store, deed: str, broken_at: int) -> None:
        with store.engine.begin() as connection:
            for trigger in _AUDIT_GUARDS[connection.dialect.name]:
                connection.execute(text(f"DROP TRIGGER {trigger}"))
            connection.execute(text(deed))
        assert store.verify_audit().broken_at == broken_at

    def test_it_holds_no_pin(self, store: Store) -> None:
        store.set_pin("north", "1001", "73519264")
        with store.engine.connect() as connection:
            # Not the hashes: four given digits stand in one of them every now and then.
            rows = connection.execute(text("SELECT actor, action, subject, details FROM audit")).all()
        assert not any("73519264" in str(row) or PIN in str(row) for row in rows)


def test_the_list_of_handsets_says_of_each_what_asking_for_it_says(store: Store) -> None:
    store.add_unit("north", "B2")
    store.change_handset("h1", unit="B2", label="by the door", pin_mode=PinModeOf("none"), text_telephone=True)
    assert store.handsets() == [store.handset("h1"), store.handset("h2")]
