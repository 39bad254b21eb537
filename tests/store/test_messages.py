"""Messages that staff pass on, and calls that somebody did not want."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PROFILE, begun

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class TestMessages:
    def test_one_waits_is_heard_once_and_stays_on_record(self, store: Store) -> None:
        row = store.leave_message("north", "1001", "Please call\n home  today.", at=NOON, actor="carl")
        waiting = store.messages_for(1, NOON)
        assert [(message.id, message.text, message.language) for message in waiting] == [(row, "Please call home today.", "en")]
        assert store.messages_for(2, NOON) == []
        store.message_heard(row, "h1", NOON + MINUTE)
        store.message_heard(row, "h2", NOON + DAY)
        assert store.messages_for(1, NOON + MINUTE) == []
        [info] = store.messages("north", "1001")
        assert (info.entered_by, info.delivered_at, info.handset) == ("carl", NOON + MINUTE, "h1")

    def test_the_language_is_the_inmates(self, store: Store) -> None:
        store.change_inmate("north", "1001", language="es")
        store.leave_message("north", "1001", "Llame a casa.", at=NOON)
        assert store.messages_for(1, NOON)[0].language == "es"

    def test_an_expired_or_withdrawn_one_is_not_said(self, store: Store) -> None:
        store.leave_message("north", "1001", "Old", NOON + DAY, at=NOON)
        taken_back = store.leave_message("north", "1001", "Wrong", at=NOON)
        store.withdraw_message(taken_back, "north", NOON)
        assert [message.text for message in store.messages_for(1, NOON)] == ["Old"]
        assert store.messages_for(1, NOON + DAY) == []
        with pytest.raises(Conflict, match="withdrawn already"):
            store.withdraw_message(taken_back, "north")

    @pytest.mark.parametrize("words", ["", " \n ", "x" * 601, "bell\x07"])
    def test_what_cannot_be_read_out(self, store: Store, words: str) -> None:
        with pytest.raises(StoreError, match="1 to 600 signs"):
            store.leave_message("north", "1001", words)

    def test_the_log_knows_of_it_and_not_what_it_says(self, store: Store) -> None:
        store.leave_message("north", "1001", "Your grandmother is ill.", at=NOON, actor="carl")
        with pytest.raises(StoreError, match="expires before"):
            store.leave_message("north", "1001", "Late", NOON, at=NOON)
        with pytest.raises(NotFound):
            store.message_heard(99, "h1", NOON)
        with store.engine.connect() as connection:
            rows = str(connection.execute(text("SELECT * FROM audit")).all())
        assert "message.leave" in rows and "grandmother" not in rows


class TestUnwantedCalls:
    def test_the_pin_says_whose_call_it_was(self, store: Store) -> None:
        call = begun(store, "h1", 1, NOON)
        store.end_call(call, "completed", "caller", 0, NOON + MINUTE)
        other = begun(store, "h2", 2, NOON + 10 * MINUTE)
        store.end_call(other, "refused", "called_party", 0, NOON + 11 * MINUTE)
        store.deny_call("h1", 1, MOTHER, "hours", PROFILE, NOON)
        found = store.identify_caller("north", MOTHER, NOON + 9 * MINUTE, actor="ivy")
        assert [(caller.call, caller.inmate, caller.handset) for caller in found] == [(other, "1002", "h2"), (call, "1001", "h1")]
        assert [caller.call for caller in store.identify_caller("north", MOTHER, NOON, within=MINUTE)] == [call]
        assert store.identify_caller("north", "+12025550199", NOON) == []
        with store.engine.connect() as connection:
            rows = connection.execute(text("SELECT actor FROM audit WHERE action = 'call.identify' ORDER BY id")).all()
        assert [row[0] for row in rows] == ["ivy", "system", "system"]

    def test_a_directed_inmate_is_barred_and_told(self, store: Store) -> None:
        placed = store.direct_to_stop("north", "1001", MOTHER, "report 5", NOON, "ivy")
        assert placed.removed_from == ("north/1001",)
        assert store.contacts("north", "1002")[0].status == "approved"
        assert store.call_request(1, MOTHER, "h1", NOON).called_party.blocked_by_facility
        assert not store.call_request(2, MOTHER, "h1", NOON).called_party.blocked_by_facility
        assert "2 0 2 5 5 5 0 1 2 3" in store.messages_for(1, NOON)[0].text
        with pytest.raises(Conflict, match="barred already for inmate 1001"):
            store.direct_to_stop("north", "1001", MOTHER, "report 6", NOON)
