"""An inmate's list: asked for, decided, changed once in a while; and what bars a number from it."""

from datetime import date, timedelta

import pytest

from kinline.profiles import load_profile
from kinline.rules import decide
from kinline.rules.profile import ContactList
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.given import NewContact
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PROFILE

RULE = ContactList(source="A.D. 10.7", effective=date(2000, 1, 1), maximum=4, change_every_days=30)
FRIEND, COUSIN, VICTIM = "+12025550150", "+12025550151", "+12025550152"
DAY = timedelta(days=1)


def asked(store: Store, number: str, at: object = NOON, inmate: str = "1001", exempt: str = "") -> str:
    info = store.request_contact("north", inmate, NewContact(number), RULE, exempt, at, actor="carl")  # type: ignore[arg-type]
    return info.status


def status(store: Store, number: str, inmate: str = "1001") -> str:
    return next(info.status for info in store.contacts("north", inmate) if info.number == number)


class TestReview:
    def test_a_request_waits_and_is_decided_by_someone_for_a_reason(self, store: Store) -> None:
        assert asked(store, FRIEND) == "pending"
        assert [(inmate, info.number) for inmate, info in store.requested_contacts("north")] == [("1001", FRIEND)]
        info = store.review_contact("north", "1001", FRIEND, "approved", "checked", NOON + DAY, "sue")
        assert (info.status, info.decided_by, info.reason, info.decided_at) == ("approved", "sue", "checked", NOON + DAY)
        assert store.requested_contacts("north") == []
        history = [(event.deed, event.by) for event in store.list_history("north", "1001") if event.number == FRIEND]
        assert history == [("requested", "carl"), ("approved", "sue")]

    def test_what_waits_cannot_be_called(self, store: Store) -> None:
        asked(store, FRIEND)
        denied = decide(store.call_request(1, FRIEND, "h1", NOON), load_profile("ct-doc"))
        assert getattr(denied, "rule", "") == "not_approved"

    def test_a_removed_number_comes_back_by_a_new_request_only(self, store: Store) -> None:
        store.review_contact("north", "1001", MOTHER, "removed", "asked to", NOON)
        with pytest.raises(Conflict, match="enter a new request"):
            store.review_contact("north", "1001", MOTHER, "approved", at=NOON)
        assert asked(store, MOTHER, exempt="their own mistake") == "pending"

    def test_without_a_review_a_request_is_approved_at_once(self, store: Store) -> None:
        free = ContactList(source="x", effective=date(2000, 1, 1), reviewed=False)
        assert store.request_contact("north", "1001", NewContact(FRIEND), free, at=NOON).status == "approved"

    def test_what_is_not_there_is_said_so(self, store: Store) -> None:
        with pytest.raises(NotFound, match=r"\+12025550150 on the list of 1001"):
            store.review_contact("north", "1001", FRIEND, "approved")
        with pytest.raises(NotFound, match="facility 'east'"):
            store.requested_contacts("east")

    def test_twice_on_the_list(self, store: Store) -> None:
        asked(store, FRIEND)
        with pytest.raises(Conflict, match="exists already and is pending"):
            asked(store, FRIEND)


class TestWindow:
    def test_one_change_in_thirty_days(self, store: Store) -> None:
        assert asked(store, FRIEND, NOON) == "pending"
        assert asked(store, COUSIN, NOON + timedelta(hours=3)) == "pending"
        with pytest.raises(Conflict, match=r"once in 30 days \(A\.D\. 10\.7\); the next change is open from 2026-04-01"):
            asked(store, "+12025550159", NOON + DAY)
        assert asked(store, "+12025550159", NOON + 31 * DAY) == "pending"

    def test_withdrawing_is_a_change_too(self, store: Store) -> None:
        asked(store, FRIEND, NOON)
        with pytest.raises(Conflict, match="once in 30 days"):
            store.withdraw_contact("north", "1001", FRIEND, RULE, NOON + DAY)
        store.withdraw_contact("north", "1001", FRIEND, RULE, NOON)
        assert status(store, FRIEND) == "removed"
        with pytest.raises(Conflict, match="nothing to withdraw"):
            store.withdraw_contact("north", "1001", FRIEND, RULE, NOON)

    def test_what_others_remove_uses_nothing_up(self, store: Store) -> None:
        asked(store, FRIEND, NOON)
        later = NOON + 20 * DAY  # with the window still closed
        store.bar_number(FRIEND, "owner_request", "letter of 20 March", "north", at=later)
        store.review_contact("north", "1002", MOTHER, "removed", "safety", later)
        assert asked(store, COUSIN, NOON + 31 * DAY) == "pending"

    def test_staff_may_exempt_a_change_and_say_why(self, store: Store) -> None:
        asked(store, FRIEND, NOON)
        assert asked(store, COUSIN, NOON + DAY, exempt="our typing error") == "pending"
        event = store.list_history("north", "1001")[-1]
        assert (event.number, event.reason, event.counts) == (COUSIN, "our typing error", False)

    def test_a_full_list(self, store: Store) -> None:
        for number in (FRIEND, COUSIN, VICTIM):
            asked(store, number)
        with pytest.raises(Conflict, match="full with 4 numbers"):
            asked(store, "+12025550159")
        store.review_contact("north", "1001", COUSIN, "denied", at=NOON)
        assert asked(store, "+12025550159") == "pending"

    def test_entering_an_approved_list_begins_the_window(self, store: Store) -> None:
        store.add_inmate("north", "1003", "Three")
        for number in (FRIEND, COUSIN):
            store.add_contact("north", "1003", number, rule=RULE, at=NOON)
        with pytest.raises(Conflict, match="once in 30 days"):
            store.add_contact("north", "1003", VICTIM, rule=RULE, at=NOON + DAY)


class TestBars:
    def test_a_victims_number_is_denied_whatever_the_review_says(self, store: Store) -> None:
        store.bar_number(VICTIM, "victim", "case 12-0001")
        assert asked(store, VICTIM, exempt="test") == "pending"
        info = store.review_contact("north", "1001", VICTIM, "approved", "looks fine", NOON)
        assert (info.status, info.reason) == ("denied", "barred")
        assert store.review_contact("north", "1001", VICTIM, "approved", "appeal", NOON).status == "denied"
        with pytest.raises(Conflict, match="not approved"):
            store.add_contact("north", "1002", VICTIM)

    def test_entering_one_removes_it_from_every_list_at_once(self, store: Store) -> None:
        placed = store.bar_number(MOTHER, "victim", "case 12-0002")
        assert placed.removed_from == ("north/1001", "north/1002")
        for inmate in ("1001", "1002"):
            assert status(store, MOTHER, inmate) == "removed"
        for profile in (PROFILE, "ct-doc"):
            denied = decide(store.call_request(1, MOTHER, "h1", NOON), load_profile(profile))
            assert getattr(denied, "text", {"en": "victim"})["en"].lower().count("victim") == 0

    def test_an_owners_letter_holds_in_the_facility_only(self, store: Store) -> None:
        store.add_facility("south", "South", "America/Chicago", PROFILE)
        store.add_inmate("south", "7", "Seven")
        store.add_contact("south", "7", MOTHER)
        assert store.bar_number(MOTHER, "owner_request", "letter 7", "north").removed_from == ("north/1001", "north/1002")
        assert store.contacts("south", "7")[0].status == "approved"
        assert [(bar.facility, bar.kind, bar.reference) for bar in store.barred_numbers("north")] == [
            ("north", "owner_request", "letter 7")
        ]
        assert store.barred_numbers("south") == []
        store.move_inmate("south", "7", to_facility="north")
        assert status(store, MOTHER, "7") == "removed"

    def test_a_barred_number_cannot_be_called_where_no_list_is_needed(self, store: Store) -> None:
        store.bar_number(MOTHER, "do_not_call", "register")
        assert store.call_request(1, MOTHER, "h1", NOON).called_party.blocked_by_facility
        assert store.call_request(None, MOTHER, "h1", NOON).called_party.blocked_by_facility

    def test_lifting_leaves_the_lists_as_they_are(self, store: Store) -> None:
        store.bar_number(MOTHER, "victim", "case 3")
        with pytest.raises(Conflict, match="barred already everywhere"):
            store.bar_number(MOTHER, "victim", "case 3")
        with pytest.raises(NotFound, match="not barred at north"):
            store.lift_bar(MOTHER, "wrong number", "north")
        assert store.lift_bar(MOTHER, "wrong number") == 1
        assert status(store, MOTHER) == "removed" and store.barred_numbers() == []
        assert asked(store, MOTHER, exempt="after the bar") == "pending"
        assert store.review_contact("north", "1001", MOTHER, "approved").status == "approved"


class TestPrefixes:
    def test_a_blocked_prefix_and_a_service_that_passes_calls_on(self, store: Store) -> None:
        store.block_prefix("+1202555014", "north", note="area")
        store.block_prefix("+1202555016", third_party=True, note="call relay for hire")
        facts = store.call_request(1, "+12025550161", "h1", NOON)
        assert facts.facility.blocked_prefixes == ("+1202555014",)
        assert facts.called_party.third_party_service
        assert not store.call_request(1, MOTHER, "h1", NOON).called_party.third_party_service
        with pytest.raises(Conflict, match="blocked already at north"):
            store.block_prefix("+1202555014", "north")
        assert store.unblock_prefix("+1202555014") == 1
        assert store.call_request(1, MOTHER, "h1", NOON).facility.blocked_prefixes == ()


class TestSpeedDial:
    def test_a_code_dials_its_number(self, store: Store) -> None:
        store.set_speed_dial("north", "1001", MOTHER, "1")
        assert store.dialed(1, "h1", "1") == MOTHER
        assert store.dialed(2, "h1", "1") == "1"
        assert store.dialed(None, "h1", "1") == "1"
        store.set_speed_dial("north", "1001", MOTHER, None)
        assert store.dialed(1, "h1", "1") == "1"

    def test_a_code_is_one_numbers(self, store: Store) -> None:
        store.add_contact("north", "1001", FRIEND)
        store.set_speed_dial("north", "1001", MOTHER, "1")
        with pytest.raises(Conflict, match=r"dials \+12025550123"):
            store.set_speed_dial("north", "1001", FRIEND, "1")
        with pytest.raises(StoreError, match="one or two digits"):
            store.set_speed_dial("north", "1001", FRIEND, "123")

    def test_a_number_that_goes_off_the_list_gives_its_code_back(self, store: Store) -> None:
        store.set_speed_dial("north", "1001", MOTHER, "1")
        store.bar_number(MOTHER, "victim", "case 9")
        assert store.dialed(1, "h1", "1") == "1"
