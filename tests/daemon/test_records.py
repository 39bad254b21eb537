"""What an attempt's digits mean, and what is left of a call that is nobody's business (P8, P9)."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kinline.accounts import debit_account, prepaid_account
from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import Payer
from kinline.config import Settings
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangements
from kinline.daemon.records import Records
from kinline.rules.profile import Minutes, NamedNumber
from kinline.store.calls import CallInfo
from kinline.store.errors import DatabaseUnreachable, NotFound, StoreError
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON

OMBUDSMAN, SUPPORT = "+12025550180", "+12025550181"
CODE = "77"


def named(number: str, dial: str, number_class: str, any_time: bool = True) -> NamedNumber:
    return NamedNumber(
        source="ours",
        effective=date(2026, 1, 1),
        number=number,
        label="a line",
        number_class=number_class,  # type: ignore[arg-type]
        dial=dial,
        without_pin=True,
        any_time=any_time,
    )


@pytest.fixture
def records(store: Store, settings: Settings) -> Records:
    store.add_named_line("north", named(OMBUDSMAN, CODE, "anonymous"), at=NOON)
    store.add_named_line("north", named(SUPPORT, "78", "free"), at=NOON)
    return Records(store, "h1", Arrangements(settings, store).all()["h1"], lambda: NOON + timedelta(minutes=37))


def tried(records: Records, dialled: str, inmate: int | None = None) -> ev.Event:
    return records.attempt(act.Attempt(1, inmate, dialled))


def begun(records: Records, dialled: str, inmate: int | None = None) -> int:
    answer = tried(records, dialled, inmate)
    assert isinstance(answer, ev.Begun), answer
    return answer.call


def everything_in(store: Store, table: str) -> list[str]:
    """Every value of every row, as text, as it stands in the file."""
    with closing(sqlite3.connect(str(store.engine.url.database))) as connection:
        return [str(value) for row in connection.execute(f"select * from {table}") for value in row]


@pytest.mark.parametrize("dialled", [CODE, "2025550180", "12025550180"])
@pytest.mark.parametrize("inmate", [None, 1])
def test_an_anonymous_line_is_reached_by_code_and_number_with_and_without_a_pin(
    records: Records, store: Store, dialled: str, inmate: int | None
) -> None:
    call = begun(records, dialled, inmate)
    assert records.target(call).number == OMBUDSMAN
    assert records.target(call).inmate is None
    info = store.call(call)
    assert (info.handset, info.inmate, info.number, info.recorded, info.monitored) == (None, None, "", False, False)


def test_a_code_of_the_inmates_own_stands_for_the_number(records: Records, store: Store) -> None:
    store.set_speed_dial("north", "1001", MOTHER, "5", at=NOON)
    assert records.target(begun(records, "5", 1)).number == MOTHER


def test_without_a_pin_nothing_else_is_reached(records: Records, store: Store) -> None:
    answer = tried(records, MOTHER.removeprefix("+1"))
    assert isinstance(answer, ev.Denied) and answer.prompt == "denied_pin"
    assert store.calls()[0].deny_rule == "pin"


def test_who_talks_anonymously_keeps_the_handset_busy_and_nothing_else(records: Records, store: Store) -> None:
    begun(records, CODE)
    again = tried(records, MOTHER.removeprefix("+1"), 1)
    assert isinstance(again, ev.Denied) and again.prompt == "denied_busy_elsewhere"


def ended(records: Records, store: Store, talk_seconds: int, accepted: bool, outcome: act.Outcome) -> CallInfo:
    call = begun(records, CODE, 1)
    if accepted:
        records.accept(call, Path("/recordings/secret.wav"))
        store.checkpoint({call: talk_seconds})
    records.finish(act.Finish(call, outcome, act.EndedBy.CALLER, talk_seconds), Path("/recordings/secret.wav"))
    return store.call(call)


@examples(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(talk=st.integers(0, 900), accepted=st.booleans(), outcome=st.sampled_from(act.Outcome))
def test_nothing_of_an_anonymous_call_is_left(
    records: Records, store: Store, talk: int, accepted: bool, outcome: act.Outcome
) -> None:
    before = len(store.calls(limit=1000)), everything_in(store, "audit")
    info = ended(records, store, talk, accepted, outcome)
    assert len(store.calls(limit=1000)) == before[0] + 1, "P8: one record"
    assert (info.handset, info.inmate, info.number, info.recording) == (None, None, "", None)
    assert info.ended_at == info.started_at == NOON.replace(hour=0)
    assert info.talk_seconds == (talk - talk % 60 if accepted else 0)
    assert everything_in(store, "audit") == before[1], "P9: the log tells of it"
    left = " ".join(everything_in(store, "call"))
    for trace in (OMBUDSMAN, "5550180", "secret.wav", ":37:"):
        assert trace not in left
    assert not store.calls(open_only=True)


def test_a_records_number_tells_nobody_when_it_was(records: Records, store: Store) -> None:
    """Between two calls of which the time is known; and it leaves no gap between them."""
    before = store.deny_call("h1", 1, MOTHER, "hours", "generic", NOON)
    apart = [ended(records, store, 30, accepted=True, outcome=act.Outcome.COMPLETED).id]
    store.block_number(OMBUDSMAN, "staff", "north")
    tried(records, CODE, 1)
    apart += [info.id for info in store.calls() if info.outcome == "denied" and info.number_class == "anonymous"]
    assert len(set(apart)) == 2 and all(number < 0 for number in apart)
    assert store.deny_call("h1", 1, MOTHER, "hours", "generic", NOON) == before + 1
    assert [info.id for info in store.calls()][:2] == [before + 1, before]


def test_a_refused_anonymous_attempt_leaves_no_more(records: Records, store: Store) -> None:
    store.block_number(OMBUDSMAN, "staff", "north")
    answer = tried(records, CODE, 1)
    assert isinstance(answer, ev.Denied)
    info = store.calls()[0]
    assert (info.handset, info.inmate, info.number, info.outcome) == (None, None, "", "denied")
    assert info.started_at == NOON.replace(hour=0)


def test_a_crash_in_an_anonymous_call_leaves_no_more(records: Records, store: Store) -> None:
    call = begun(records, CODE, 1)
    records.accept(call, Path("/recordings/secret.wav"))
    store.checkpoint({call: 75})
    (info,) = store.recover(NOON + timedelta(hours=1))
    assert (info.id, info.handset, info.number, info.talk_seconds) == (call, None, "", 60)
    assert everything_in(store, "call").count("1") <= 1, "the telephone or the inmate is still named"
    assert isinstance(tried(records, MOTHER.removeprefix("+1"), 1), ev.Begun), "the handset is free again"


def test_the_log_tells_nothing_of_it(records: Records, store: Store) -> None:
    with structlog.testing.capture_logs() as lines:
        ended(records, store, 60, True, act.Outcome.COMPLETED)
    assert lines == []
    with structlog.testing.capture_logs() as lines:
        records.finish(act.Finish(begun(records, "78", 1), act.Outcome.BUSY, act.EndedBy.CALLED_PARTY, 0), None)
    assert [line["event"] for line in lines] == ["call begun", "call recorded"], "a free line is no secret"


def test_a_free_line_needs_neither_pin_nor_money_and_is_recorded_as_what_it_is(records: Records, store: Store) -> None:
    info = store.call(begun(records, "78"))
    assert (info.inmate, info.number, info.number_class, info.billing, info.handset) == (None, SUPPORT, "free", "free", "h1")


# Messages


def test_messages_wait_for_the_pin_and_are_told_until_heard(store: Store, settings: Settings) -> None:
    records = Records(store, "h1", Arrangements(settings, store).all()["h1"], lambda: NOON)
    message = store.leave_message("north", "1001", "Your hearing has been moved.", at=NOON - timedelta(hours=1))
    for _ in range(2):
        answer = records.check_pin(act.CheckPin(1, "1001", "4001"))
        assert isinstance(answer, ev.Identified)
        assert answer.messages == (ev.Message(message, "Your hearing has been moved.", "en"),)
    records.message_heard(message)
    answer = records.check_pin(act.CheckPin(1, "1001", "4001"))
    assert isinstance(answer, ev.Identified) and answer.messages == ()


class TestDatabaseThatDoesNotAnswer:
    """The attempt is told as trouble; once the database is back it has left one record, closed, and holds no money."""

    @pytest.fixture
    def gone_after(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
        """The call is begun, and the answer is lost on the way."""
        begin = store.begin_call

        def lost(*args: Any, **kwargs: Any) -> int:
            begin(*args, **kwargs)
            raise DatabaseUnreachable("the connection went away")

        monkeypatch.setattr(store, "begin_call", lost)
        return "stored"

    @pytest.fixture
    def gone_before(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
        def lost(*_args: Any, **_kwargs: Any) -> int:
            raise DatabaseUnreachable("no connection")

        monkeypatch.setattr(store, "begin_call", lost)
        return "not stored"

    @pytest.mark.parametrize("gone", ["gone_after", "gone_before"])
    def test_leaves_one_record(self, records: Records, store: Store, gone: str, request: pytest.FixtureRequest) -> None:
        request.getfixturevalue(gone)
        before = store.balance_micros(prepaid_account(MOTHER))
        with pytest.raises(DatabaseUnreachable):
            tried(records, MOTHER, 1)
        for _ in range(2):
            records.settle()
            (info,) = store.calls()
            assert (info.outcome, info.cause) == ("fault", "the database did not answer") and info.ended_at is not None
        assert store.balance_micros(prepaid_account(MOTHER)) == before and store.trial_balance() == 0

    def test_leaves_no_name_on_an_anonymous_line(self, records: Records, store: Store, gone_before: str) -> None:
        with pytest.raises(DatabaseUnreachable):
            tried(records, CODE, 1)
        records.settle()
        (info,) = store.calls()
        assert (info.number, info.inmate, info.handset) == ("", None, None)


class TestAttemptThatFailsOtherwise:
    """A bug in a rule, a row that is gone: told as trouble, and it leaves its one record as any other attempt does."""

    @pytest.mark.parametrize("error", [NotFound("handset h1 does not exist"), StoreError("odd"), ZeroDivisionError("a rule")])
    @pytest.mark.parametrize("begun_before", [False, True])
    def test_leaves_one_record(
        self, records: Records, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, begun_before: bool
    ) -> None:
        begin, before = store.begin_call, store.balance_micros(prepaid_account(MOTHER))

        def failing(*args: Any, **kwargs: Any) -> int:
            if begun_before:
                begin(*args, **kwargs)
            raise error

        monkeypatch.setattr(store, "begin_call", failing)
        with pytest.raises(type(error)):
            tried(records, MOTHER, 1)
        for _ in range(2):
            records.settle()
            (info,) = store.calls()
            assert (info.outcome, info.ended_by, info.number, info.inmate) == ("fault", "fault", MOTHER, "1001")
            assert info.cause == f"could not be decided: {type(error).__name__}" and info.ended_at is not None
        assert store.balance_micros(prepaid_account(MOTHER)) == before and store.trial_balance() == 0

    def test_that_cannot_even_be_read_may_have_been_anonymous(
        self, records: Records, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_args: Any) -> str:
            raise ZeroDivisionError("a number nobody thought of")

        monkeypatch.setattr("kinline.daemon.records.to_e164", fails)
        with pytest.raises(ZeroDivisionError):
            tried(records, OMBUDSMAN.removeprefix("+1"), 1)
        records.settle()
        (info,) = store.calls()
        assert (info.outcome, info.number, info.inmate, info.handset) == ("fault", "", None, None)
        assert info.started_at == NOON.replace(hour=0)

    def test_of_which_no_record_can_be_made_stands_in_the_way_of_no_other(
        self, records: Records, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fail, before = store.fail_call, counters.value("attempt_unrecorded")

        def lost(*_args: Any, **_kwargs: Any) -> int:
            raise ZeroDivisionError

        def first_fails(*args: Any) -> None:
            monkeypatch.setattr(store, "fail_call", fail)
            raise NotFound("handset h1 does not exist")

        monkeypatch.setattr(store, "begin_call", lost)
        monkeypatch.setattr(store, "fail_call", first_fails)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                tried(records, MOTHER, 1)
        records.settle()
        assert len(store.calls()) == 1 and counters.value("attempt_unrecorded") == before + 1


class TestWhoPays:
    """The caller's choice narrows the profile's ways of paying; the rest of the rules are as they were."""

    def way(self, records: Records, payer: Payer) -> str:
        answer = records.attempt(act.Attempt(1, 1, MOTHER, payer))
        return answer.allow.billing if isinstance(answer, ev.Begun) else answer.prompt  # type: ignore[union-attr]

    def test_each_choice_is_what_is_paid_by(self, store: Store, records: Records) -> None:
        store.deposit(debit_account(1), 5_000_000, "canteen 1", NOON)
        for payer, billing in ((Payer.DEBIT, "debit"), (Payer.PREPAID, "prepaid")):
            assert self.way(records, payer) == billing
            store.recover(NOON)

    def test_what_is_not_open_is_refused_with_its_reason(self, store: Store, records: Records) -> None:
        assert self.way(records, Payer.COLLECT) == "denied_billing"
        assert store.calls()[0].deny_rule == "billing"


def test_the_account_is_told_and_leaves_no_record(store: Store, records: Records) -> None:
    store.deposit(debit_account(1), 5_000_000, "canteen 1", NOON)
    before = store.balance_micros(debit_account(1))
    assert records.account(act.AskAccount(3, 1)) == ev.Account(3, before, None)
    assert store.calls() == []
    minutes = Minutes(period="month", most=300, source="ours", effective=date(2026, 1, 1))
    records.arrangement = replace(records.arrangement, profile=replace(records.arrangement.profile, minutes=(minutes,)))
    assert records.account(act.AskAccount(4, 1)) == ev.Account(4, before, 300 * 60)
