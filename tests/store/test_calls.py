"""One record and one charge for every attempt."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kinline.accounts import charge_micros, debit_account
from kinline.profiles import load_profile
from kinline.rules import Allow, Deny, decide
from kinline.store.calls import LONGEST_INVITATION, OVERDUE_AFTER, CallInfo
from kinline.store.errors import CallRefused, Conflict, NotFound
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON, PREPAID, PROFILE, RATE, allowed, begun

TEN = 10_000_000


def test_a_whole_call(store: Store) -> None:
    call = begun(store)
    assert store.balance_micros(PREPAID) == TEN - charge_micros(RATE, 900)
    assert [info.id for info in store.calls(open_only=True)] == [call]
    store.mark_accepted(call, NOON + timedelta(seconds=9))
    store.checkpoint({call: 60})
    info = store.end_call(call, "completed", "clock", 125, NOON + timedelta(seconds=134), recording="a.wav")
    assert (info.talk_seconds, info.charged_micros, info.outcome, info.ended_by) == (125, RATE * 125 // 60, "completed", "clock")
    assert info.recording == "a.wav"
    assert store.balance_micros(PREPAID) == TEN - info.charged_micros
    assert store.trial_balance() == 0
    assert store.call(call) == info


def test_the_first_end_counts(store: Store) -> None:
    call = begun(store)
    store.mark_accepted(call, NOON)
    first = store.end_call(call, "completed", "caller", 30, NOON)
    assert store.end_call(call, "completed", "clock", 900, NOON) == first
    store.checkpoint({call: 500})
    store.mark_accepted(call, NOON + timedelta(hours=1))
    assert store.call(call) == first
    assert store.recover() == []


def test_what_was_not_accepted_costs_nothing(store: Store) -> None:
    call = begun(store)
    info = store.end_call(call, "refused", "called_party", 300, NOON)
    assert (info.talk_seconds, info.charged_micros) == (0, 0)
    assert store.balance_micros(PREPAID) == TEN


@pytest.mark.parametrize(("said", "counted"), [(901, 900), (10**9, 900), (-5, 0), (0, 0)])
def test_talk_stays_inside_the_grant(store: Store, said: int, counted: int) -> None:
    call = begun(store)
    store.mark_accepted(call, NOON)
    assert store.end_call(call, "completed", "caller", said, NOON).talk_seconds == counted


def test_one_inmate_one_call(store: Store) -> None:
    begun(store, "h1", 1)
    allow = allowed(store, "h2", 2)
    with pytest.raises(CallRefused) as caught:
        store.begin_call("h2", 1, MOTHER, allow, PROFILE, NOON)
    assert caught.value.rule == "busy_elsewhere"
    answer = decide(store.call_request(1, MOTHER, "h2", NOON), load_profile(PROFILE))
    assert isinstance(answer, Deny) and answer.rule == "busy_elsewhere"


def test_an_unknown_inmate_is_not_taken_for_a_busy_one(store: Store) -> None:
    with pytest.raises(NotFound, match="inmate 99"):
        store.begin_call("h1", 99, MOTHER, allowed(store, "h1", 1), PROFILE, NOON)


def test_one_handset_one_call(store: Store) -> None:
    begun(store, "h1", 1)
    with pytest.raises(CallRefused) as caught:
        store.begin_call("h1", 2, MOTHER, allowed(store, "h2", 2), PROFILE, NOON)
    assert caught.value.rule == "busy_elsewhere"


def test_money_that_went_elsewhere_refuses_and_writes_nothing(store: Store) -> None:
    allow = allowed(store, "h1", 1)
    store.refund(PREPAID, TEN, "all of it")
    with pytest.raises(CallRefused) as caught:
        store.begin_call("h1", 1, MOTHER, allow, PROFILE, NOON)
    assert caught.value.rule == "balance"
    assert store.calls() == []
    assert store.trial_balance() == 0


def test_a_refused_attempt_leaves_one_record(store: Store) -> None:
    answer = decide(store.call_request(1, "+18005550123", "h1", NOON), load_profile(PROFILE))
    assert isinstance(answer, Deny)
    call = store.deny_call("h1", 1, "+18005550123", answer, PROFILE, NOON)
    info = store.call(call)
    assert (info.outcome, info.deny_rule, info.charged_micros) == ("denied", "toll_free", 0)
    store.deny_call("h1", None, "9\x00" * 400, "invalid_number", PROFILE, NOON)


def test_debit_and_collect(store: Store) -> None:
    debit = store.begin_call("h1", 1, MOTHER, allowed(store, "h1", 1, billing="debit"), PROFILE, NOON)
    store.mark_accepted(debit, NOON)
    charged = store.end_call(debit, "completed", "caller", 61, NOON).charged_micros
    assert store.balance_micros(debit_account(1)) == TEN - charged
    grant = Allow(900, "call_length", True, True, RATE, "collect")
    collect = store.begin_call("h1", 1, MOTHER, grant, PROFILE, NOON)
    store.mark_accepted(collect, NOON)
    billed = store.end_call(collect, "completed", "caller", 61, NOON).charged_micros
    assert store.balance_micros(f"receivable:collect:{MOTHER}") == -billed
    assert store.trial_balance() == 0


def test_a_call_that_is_not_recorded_never_names_a_recording(store: Store) -> None:
    private = Allow(900, "call_length", False, False, RATE, "prepaid")
    call = store.begin_call("h1", 1, MOTHER, private, PROFILE, NOON)
    store.mark_accepted(call, NOON)
    assert store.end_call(call, "completed", "caller", 5, NOON, recording="secret.wav").recording is None


def test_recover_charges_the_checkpoint_only(store: Store) -> None:
    talking, ringing = begun(store, "h1", 1), begun(store, "h2", 2, NOON)
    store.mark_accepted(talking, NOON)
    store.checkpoint({talking: 61})
    store.checkpoint({talking: 17})
    store.checkpoint({ringing: 99})
    closed = {info.id: info for info in store.recover(NOON + timedelta(minutes=5))}
    assert (closed[talking].outcome, closed[talking].ended_by, closed[talking].talk_seconds) == ("completed", "fault", 61)
    assert closed[talking].charged_micros == RATE * 61 // 60
    assert (closed[ringing].outcome, closed[ringing].charged_micros) == ("fault", 0)
    assert store.recover() == []
    assert store.balance_micros(PREPAID) == TEN - RATE * 61 // 60
    assert store.trial_balance() == 0


def test_what_no_host_can_carry_any_more_is_closed(store: Store) -> None:
    """The host of both calls never came back; whichever host looks next closes them, once their time is over."""
    talking, ringing = begun(store, "h1", 1), begun(store, "h2", 2)
    limit = timedelta(seconds=store.call(talking).limit_seconds)
    store.mark_accepted(talking, NOON + timedelta(minutes=1))
    store.checkpoint({talking: 61})
    over = NOON + timedelta(minutes=1) + limit + OVERDUE_AFTER
    assert store.close_overdue(over) == []
    (closed,) = store.close_overdue(over + timedelta(seconds=1))
    assert (closed.id, closed.outcome, closed.ended_by, closed.talk_seconds) == (talking, "completed", "fault", 61)
    assert closed.charged_micros == RATE * 61 // 60
    (missed,) = store.close_overdue(NOON + LONGEST_INVITATION + OVERDUE_AFTER + timedelta(seconds=1))
    assert (missed.id, missed.outcome, missed.charged_micros) == (ringing, "fault", 0)
    assert store.calls(open_only=True) == [] and store.trial_balance() == 0
    begun(store, "h1", 1)


def test_a_talk_does_not_begin_on_a_closed_record(store: Store) -> None:
    call = begun(store)
    before = store.end_call(call, "fault", "fault", 0, NOON)
    with pytest.raises(Conflict, match=f"call {call} is over"):
        store.mark_accepted(call, NOON)
    assert store.call(call) == before


def test_many_talks_are_marked_at_once(store: Store) -> None:
    talking, ringing = begun(store, "h1", 1), begun(store, "h2", 2)
    store.mark_accepted(talking, NOON)
    store.checkpoint({ringing: 9, talking: 10**6, 99: 1})
    store.checkpoint({})
    closed = {info.id: info.talk_seconds for info in store.recover(NOON)}
    assert closed == {talking: 900, ringing: 0}
    store.checkpoint({talking: 901})
    assert store.call(talking).talk_seconds == 900


class TestAttemptInDoubt:
    """The database went away before it answered: whatever it had stored, one closed record is left and no money held."""

    def fail(self, store: Store) -> CallInfo:
        store.fail_call("h1", 1, f"{MOTHER}\x00", PROFILE, NOON, "the database did not answer")
        (info,) = store.calls()
        assert store.calls(open_only=True) == []
        assert store.balance_micros(PREPAID) == TEN and store.trial_balance() == 0
        return info

    def test_that_was_stored(self, store: Store) -> None:
        call = begun(store)
        info = self.fail(store)
        assert (info.id, info.outcome, info.ended_by, info.cause) == (call, "fault", "fault", "the database did not answer")
        assert isinstance(begun(store, at=NOON + timedelta(seconds=1)), int)

    def test_that_was_not(self, store: Store) -> None:
        first = self.fail(store)
        assert (first.outcome, first.ended_by, first.number, first.inmate) == ("fault", "fault", MOTHER, "1001")
        assert self.fail(store) == first

    def test_that_was_stored_as_refused(self, store: Store) -> None:
        store.deny_call("h1", 1, MOTHER, "hours", PROFILE, NOON)
        assert self.fail(store).outcome == "denied"


@pytest.mark.parametrize("there", [True, False])
def test_recover_names_the_recording_that_is_there(store: Store, tmp_path: Path, there: bool) -> None:
    file = tmp_path / "talk.wav"
    if there:
        file.write_bytes(b"RIFF")
    store.mark_accepted(begun(store), NOON, recording=str(file))
    assert [info.recording for info in store.recover(NOON)] == [str(file) if there else None]


def test_a_private_call_names_no_recording_even_after_a_crash(store: Store, tmp_path: Path) -> None:
    private = Allow(900, "call_length", False, False, RATE, "prepaid")
    call = store.begin_call("h1", 1, MOTHER, private, PROFILE, NOON)
    file = tmp_path / "not-a-talk.txt"
    file.write_text("")
    store.mark_accepted(call, NOON, recording=str(file))
    assert [info.recording for info in store.recover(NOON)] == [None]


def test_history_and_open_calls_are_the_rules_facts(store: Store) -> None:
    call = begun(store)
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "caller", 40, NOON + timedelta(minutes=1))
    request = store.call_request(1, MOTHER, "h1", NOON + timedelta(hours=1), history_since=NOON - timedelta(days=31))
    assert [(past.start, past.talk_seconds, past.outcome) for past in request.history] == [(NOON, 40, "completed")]


def test_an_inmate_of_another_facility_has_no_pin_here(store: Store) -> None:
    store.add_facility("south", "South Facility", "America/New_York", PROFILE)
    store.add_handset("s1", b"k" * 16, "south")
    answer = decide(store.call_request(1, MOTHER, "s1", NOON), load_profile(PROFILE))
    assert isinstance(answer, Deny) and answer.rule == "pin"


def test_block_by_the_called_party_is_for_the_calls_facility(store: Store) -> None:
    call = begun(store)
    store.block_by_called_party(call, NOON)
    store.block_by_called_party(call, NOON)
    store.end_call(call, "blocked", "called_party", 0, NOON)
    assert store.call_request(1, MOTHER, "h1", NOON).called_party.blocked
    store.add_facility("south", "South Facility", "America/New_York", PROFILE)
    store.add_handset("s1", b"k" * 16, "south")
    assert not store.call_request(1, MOTHER, "s1", NOON).called_party.blocked
    assert store.unblock_number(MOTHER) == 1
    assert not store.call_request(1, MOTHER, "h1", NOON).called_party.blocked


def test_two_handsets_race_for_one_account(store: Store) -> None:
    """Each thread holds a whole call's money; the account has enough for three of the many."""
    price = charge_micros(RATE, 900)
    store.refund(PREPAID, TEN - 3 * price, "leave three")
    start, outcomes = threading.Barrier(2), []

    def dial(handset: str, inmate: int) -> None:
        start.wait()
        for _ in range(10):
            try:
                call = store.begin_call(
                    handset, inmate, MOTHER, Allow(900, "call_length", True, True, RATE, "prepaid"), PROFILE, NOON
                )
            except CallRefused as refused:
                outcomes.append(refused.rule)
                continue
            store.mark_accepted(call, NOON)
            store.end_call(call, "completed", "clock", 900, NOON)
            outcomes.append("talked")

    threads = [threading.Thread(target=dial, args=(f"h{n}", n)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("talked") == 3
    assert outcomes.count("balance") == 17
    assert store.balance_micros(PREPAID) == 0
    assert store.trial_balance() == 0


def test_two_handsets_race_for_one_inmate(store: Store) -> None:
    grant = Allow(60, "call_length", True, True, RATE, "prepaid")
    start, begun_calls, refused = threading.Barrier(2), [], []

    def dial(handset: str) -> None:
        start.wait()
        try:
            begun_calls.append(store.begin_call(handset, 1, MOTHER, grant, PROFILE, NOON))
        except CallRefused as error:
            refused.append(error.rule)

    threads = [threading.Thread(target=dial, args=(name,)) for name in ("h1", "h2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(begun_calls), refused) == (1, ["busy_elsewhere"])


def test_what_does_not_exist_is_said_so(store: Store) -> None:
    for ask in (lambda: store.call(99), lambda: store.handset("zz"), lambda: store.inmate("north", "9")):
        with pytest.raises(NotFound, match="does not exist"):
            ask()


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE call SET talk_seconds = 1",
        "UPDATE call SET ended_at = NULL",
        "DELETE FROM call",
        "UPDATE posting SET amount_micros = 0",
        "DELETE FROM ledger_entry",
    ],
)
def test_what_is_written_stays_whoever_holds_the_connection(store: Store, deed: str) -> None:
    store.end_call(begun(store), "refused", "called_party", 0, NOON)
    with pytest.raises(DBAPIError, match=r"append-only|does not change|stays"), store.engine.begin() as connection:
        connection.execute(text(deed))
