"""Each rule refuses what it should, the published order decides who speaks, and limits combine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kinline.profiles import load_profile
from kinline.rules import Allow, CalledParty, Contact, Deny, Facility, Restriction, Window, decide
from kinline.rules.profile import Calls, Gap, Minutes, NamedNumber, Numbers
from tests.rules.cases import LAWYER, MOTHER, NEW_YORK, NOON, RULE, STRANGER, ago, inmate, request

CT = load_profile("ct-doc")
# With a wait and allowances, which Connecticut has not.
COUNTING = replace(
    CT,
    gaps=(Gap(seconds=600, **RULE),),
    minutes=(Minutes(period="month", most=30, **RULE),),
    calls=(Calls(period="day", most=3, **RULE),),
)


def on_list(number: str) -> dict[str, object]:
    return {"number": number, "inmate": inmate(contacts=(Contact(number),))}


# In the published order. Each spoils one thing; together they spoil all that can be spoilt at once.
SPOILT: dict[str, dict[str, object]] = {
    "pin": {"inmate": inmate(active=False)},
    "invalid_number": on_list("+1202555012"),
    "toll_free": on_list("+18005550123"),
    "premium": on_list("+19005550123"),
    "international": on_list("+442079460000"),
    "blocked_by_facility": {"called_party": CalledParty(blocked_by_facility=True, prepaid_micros=10**9)},
    "suspension": {"facility": Facility(timezone="America/New_York", suspended=True)},
    "restriction": {"inmate": inmate(restrictions=(Restriction(),))},
    "not_on_list": {"number": STRANGER},
    "not_approved": {"inmate": inmate(contacts=(Contact(MOTHER, status="pending"),))},
    "blocked_by_called_party": {"called_party": CalledParty(blocked=True, prepaid_micros=10**9)},
    "busy_elsewhere": {"inmate": inmate(on_call=True)},
    "hours": {"at": NOON.replace(hour=5, minute=59, second=59)},
    "gap": {"history": (ago(659),)},
    "minutes": {"history": (ago(7200, talk=1800),)},
    "calls": {"history": (ago(3600), ago(7200), ago(7300))},
    "billing": {"billing": "direct_bill"},
    "balance": {"called_party": CalledParty(prepaid_micros=3499)},
}


MORNING = (Window.parse("06:00", "10:00"),)


def test_an_unspoilt_request_is_allowed() -> None:
    answer = decide(request(), CT)
    assert answer == Allow(
        max_seconds=900,
        limited_by="call_length",
        recorded=True,
        monitored=True,
        rate_micros_per_minute=210_000,
        billing="prepaid",
        warnings_at=(840, 890),
        announcements=answer.announcements if isinstance(answer, Allow) else (),
    )


@pytest.mark.parametrize("rule", SPOILT)
def test_rule_refuses(rule: str) -> None:
    answer = decide(request(**SPOILT[rule]), COUNTING)
    assert isinstance(answer, Deny)
    assert answer.rule == rule
    assert answer.prompt_id == f"denied_{rule}"
    assert set(answer.text) == {"en", "es"} and all(answer.text.values())


def test_first_rule_of_the_published_order_speaks() -> None:
    everything = {
        "inmate": inmate(active=False, contacts=(), restrictions=(Restriction(),), on_call=True),
        "called_party": CalledParty(blocked=True, blocked_by_facility=True),
        "facility": Facility(timezone="America/New_York", suspended=True, hours=MORNING),
        "billing": "direct_bill",
        "number": "+18005550123",
        "history": (ago(60, talk=1800), ago(0), ago(0)),
    }
    undo: list[tuple[str, dict[str, object]]] = [
        ("pin", {"inmate": inmate(contacts=(), restrictions=(Restriction(),), on_call=True)}),
        ("toll_free", {"number": STRANGER}),
        ("blocked_by_facility", {"called_party": CalledParty(blocked=True)}),
        ("suspension", {"facility": Facility(timezone="America/New_York", hours=MORNING)}),
        ("restriction", {"inmate": inmate(contacts=(), on_call=True)}),
        ("not_on_list", {"inmate": inmate(contacts=(Contact(STRANGER, status="denied"),), on_call=True)}),
        ("not_approved", {"inmate": inmate(contacts=(Contact(STRANGER),), on_call=True)}),
        ("blocked_by_called_party", {"called_party": CalledParty()}),
        ("busy_elsewhere", {"inmate": inmate(contacts=(Contact(STRANGER),))}),
        ("hours", {"facility": Facility(timezone="America/New_York")}),
        ("gap", {"history": (ago(7200, talk=1800), ago(7200), ago(7200))}),
        ("minutes", {"history": (ago(7200), ago(7200), ago(7200))}),
        ("calls", {"history": ()}),
        ("billing", {"billing": "prepaid"}),
        ("balance", {"called_party": CalledParty(prepaid_micros=10**9)}),
    ]
    for rule, repair in undo:
        answer = decide(request(**everything), COUNTING)
        assert isinstance(answer, Deny) and answer.rule == rule
        everything |= repair
    assert isinstance(decide(request(**everything), COUNTING), Allow)


def test_removed_contact_is_not_on_the_list() -> None:
    answer = decide(request(inmate=inmate(contacts=(Contact(MOTHER, status="removed"),))), CT)
    assert isinstance(answer, Deny) and answer.rule == "not_on_list"


def test_a_named_number_is_open_without_list_and_its_kind() -> None:
    line = NamedNumber(
        source="test",
        effective=NOON.date(),
        number="+18005550123",
        label="Hotline",
        number_class="anonymous",
        without_pin=True,
        any_time=True,
    )
    profile = replace(CT, named_numbers=(line,))
    answer = decide(request(number=line.number, inmate=None, billing=None, at=NOON.replace(hour=3)), profile)
    assert isinstance(answer, Allow)
    assert (answer.rate_micros_per_minute, answer.billing) == (0, "free")
    assert not answer.recorded and not answer.monitored


def test_a_profile_can_open_a_kind_of_number() -> None:
    numbers = Numbers(source="test", effective=NOON.date(), international=True)
    answer = decide(request(**on_list("+442079460000")), replace(CT, numbers=numbers))
    assert isinstance(answer, Allow)


@pytest.mark.parametrize("number", ["+12029760123", "+15005550123", "+18765550123"])
def test_numbers_that_cost_or_lead_away_are_refused(number: str) -> None:
    assert isinstance(decide(request(**on_list(number)), CT), Deny)


class TestLimits:
    def test_balance_buys_whole_seconds(self) -> None:
        answer = decide(request(called_party=CalledParty(prepaid_micros=210_000)), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.limited_by) == (60, "balance")

    def test_exact_balance_for_the_whole_call_is_limited_by_length(self) -> None:
        answer = decide(request(called_party=CalledParty(prepaid_micros=3_150_000)), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.limited_by) == (900, "call_length")

    def test_one_micro_dollar_less_is_one_second_less(self) -> None:
        answer = decide(request(called_party=CalledParty(prepaid_micros=3_149_999)), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.limited_by) == (899, "balance")

    def test_closing_time(self) -> None:
        answer = decide(request(at=NOON.replace(hour=22, minute=50)), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.limited_by) == (600, "hours")

    def test_a_restriction_that_begins_during_the_call(self) -> None:
        ahead = Restriction(since=NOON + timedelta(seconds=100, milliseconds=900))
        answer = decide(request(inmate=inmate(restrictions=(ahead,))), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.limited_by) == (100, "restriction")

    def test_collect_is_not_limited_by_a_balance(self) -> None:
        answer = decide(request(billing="collect", called_party=CalledParty()), CT)
        assert isinstance(answer, Allow) and answer.limited_by == "call_length"

    def test_no_warning_falls_before_a_short_call(self) -> None:
        answer = decide(request(called_party=CalledParty(prepaid_micros=105_000)), CT)
        assert isinstance(answer, Allow)
        assert (answer.max_seconds, answer.warnings_at) == (30, (20,))


class TestBilling:
    def test_the_profiles_order_is_tried_when_none_is_named(self) -> None:
        profile = load_profile("generic")
        answer = decide(request(billing=None, called_party=CalledParty(), inmate=inmate(debit_micros=10**7)), profile)
        assert isinstance(answer, Allow) and answer.billing == "debit"

    def test_the_first_ways_refusal_speaks_when_all_refuse(self) -> None:
        answer = decide(request(billing=None, called_party=CalledParty()), load_profile("generic"))
        assert isinstance(answer, Deny) and answer.rule == "balance"

    def test_free_billing_is_for_free_numbers_only(self) -> None:
        answer = decide(request(billing="free"), CT)
        assert isinstance(answer, Deny) and answer.rule == "billing"


class TestRecording:
    def test_privileged_is_neither_recorded_nor_monitored(self) -> None:
        answer = decide(request(number=LAWYER), CT)
        assert isinstance(answer, Allow) and not answer.recorded and not answer.monitored

    def test_off_at_the_facility_is_off(self) -> None:
        answer = decide(request(facility=Facility(timezone="America/New_York", recorded=False)), CT)
        assert isinstance(answer, Allow) and not answer.recorded

    def test_off_for_the_contact_is_off(self) -> None:
        answer = decide(request(inmate=inmate(contacts=(Contact(MOTHER, recorded=False),))), CT)
        assert isinstance(answer, Allow) and not answer.recorded

    def test_privileged_on_the_list_wins_over_a_named_class(self) -> None:
        line = NamedNumber(source="t", effective=NOON.date(), number=LAWYER, label="", number_class="social")
        answer = decide(request(number=LAWYER), replace(CT, named_numbers=(line,)))
        assert isinstance(answer, Allow) and not answer.recorded and not answer.monitored


class TestNextAllowed:
    def test_names_the_opening_in_the_facilitys_zone(self) -> None:
        answer = decide(request(at=datetime(2026, 3, 2, 10, 59, 30, tzinfo=UTC)), CT)
        assert isinstance(answer, Deny) and answer.next_allowed_at is not None
        assert answer.next_allowed_at.isoformat() == "2026-03-02T06:00:00-05:00"
        assert answer.text["en"].endswith("You may call again today at 6:00 AM.")
        assert answer.text["es"].endswith("Podrá llamar de nuevo hoy a las 6:00 de la mañana.")

    def test_waits_for_every_rule(self) -> None:
        until = datetime(2026, 3, 3, 1, 0, tzinfo=NEW_YORK)
        units = Facility(timezone="America/New_York", schedules={"B2": (Window.parse("08:00", "11:00"),)})
        answer = decide(request(inmate=inmate(restrictions=(Restriction(until=until),)), facility=units), CT)
        assert isinstance(answer, Deny) and answer.rule == "restriction" and answer.next_allowed_at is not None
        assert answer.next_allowed_at.isoformat() == "2026-03-03T08:00:00-05:00"
        assert "tomorrow" in answer.text["en"]

    def test_is_none_if_time_alone_does_not_help(self) -> None:
        answer = decide(request(at=NOON.replace(hour=5), number=STRANGER), CT)
        assert isinstance(answer, Deny) and answer.next_allowed_at is None and answer.prompt_values == {}

    def test_is_none_if_the_schedules_never_meet(self) -> None:
        units = Facility(timezone="America/New_York", schedules={"B2": (Window.parse("01:00", "02:00"),)})
        answer = decide(request(facility=units), CT)
        assert isinstance(answer, Deny) and answer.rule == "hours" and answer.next_allowed_at is None


def test_an_unknown_time_zone_names_the_key() -> None:
    with pytest.raises(ValueError, match=r"facility\.timezone"):
        decide(request(facility=Facility(timezone="Mars/Base")), CT)
