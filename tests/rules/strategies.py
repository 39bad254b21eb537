"""What Hypothesis makes attempts and profiles from: few numbers and close moments, so that rules meet often."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from kinline.profiles import load_profile, profile_names
from kinline.rules import CalledParty, CallRequest, Contact, Facility, Inmate, PastCall, Profile, Restriction, Window
from kinline.rules.model import Place
from kinline.rules.profile import (
    Announcements,
    Bonus,
    CallLength,
    Calls,
    ContactList,
    Floor,
    Gap,
    Hours,
    Minutes,
    Paying,
    Rate,
    Recording,
)
from tests.rules.cases import LAWYER, MOTHER

RULE: dict[str, Any] = {"source": "test", "effective": date(2020, 1, 1)}
_Part = TypeVar("_Part")
_said = {key: st.just(value) for key, value in RULE.items()}
PROFILES = [load_profile(name) for name in profile_names()]
# Clocks change at 02:00, at midnight, by half an hour, and never.
ZONES = ["America/New_York", "America/Havana", "Australia/Lord_Howe", "America/Phoenix", "Asia/Beirut", "UTC"]

# Days around the changes of the clock, and the turn of a year.
_DAYS = [datetime(2026, 3, 7), datetime(2026, 3, 28), datetime(2026, 10, 31), datetime(2026, 4, 4), datetime(2026, 12, 31)]
# One for all the moments of an example.
_day = st.shared(st.sampled_from(_DAYS), key="day")


def moments(days: int = 3, whole: bool = False) -> st.SearchStrategy[datetime]:
    """A moment within so many days of the example's day, at times not on a whole second."""
    return st.builds(
        lambda day, seconds, micros: day.replace(tzinfo=UTC) + timedelta(seconds=seconds, microseconds=micros),
        _day,
        st.integers(-days * 86400, days * 86400),
        st.just(0) if whole else st.sampled_from([0, 0, 0, 1, 500_000]),
    )


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, 1439))
    return Window(start, draw(st.integers(start + 1, 1440)))


kinds = st.sampled_from(["sanction", "administrative", "lockdown"])
schedules = st.lists(windows(), max_size=3).map(tuple)
restrictions = st.builds(Restriction, since=st.none() | moments(), until=st.none() | moments(), kind=kinds, counsel=st.booleans())
lengths = st.none() | st.integers(1, 2000)
stops = st.lists(restrictions, max_size=2).map(tuple)
classes = st.sampled_from(["social", "social", "social", "privileged", "free", "anonymous", "relay"])
numbers = st.sampled_from([MOTHER, MOTHER, LAWYER, "+18005550123", "+442079460000", "+1911", "", "x"]) | st.text(max_size=20)
lines = st.sampled_from([None, "landline", "cell"])
places = st.builds(
    Place,
    name=st.just("B2"),
    suspended=st.sampled_from([False, False, False, True]),
    suspensions=stops,
    hours=st.none() | schedules,
    call_seconds=lengths,
    recorded=st.booleans(),
)
facilities = st.builds(
    Facility,
    timezone=st.sampled_from(ZONES),
    suspended=st.sampled_from([False, False, False, True]),
    suspensions=stops,
    hours=st.none() | schedules,
    schedules=st.dictionaries(st.just("B2"), schedules, max_size=1),
    call_seconds=lengths,
    recorded=st.booleans(),
    blocked_prefixes=st.sampled_from([(), (), ("+1800",), ("+1202",)]),
)
contacts = st.builds(
    Contact,
    number=st.sampled_from([MOTHER, LAWYER, "+18005550123"]),
    status=st.sampled_from(["approved", "approved", "approved", "pending", "denied", "removed"]),
    number_class=classes,
    line=lines,
    call_seconds=lengths,
    recorded=st.booleans(),
)
inmates = st.builds(
    Inmate,
    id=st.just("1"),
    unit=st.sampled_from([None, "B2"]),
    active=st.sampled_from([True, True, True, False]),
    on_call=st.sampled_from([False, False, False, True]),
    debit_micros=st.integers(0, 10**7),
    contacts=st.lists(contacts, max_size=4).map(tuple),
    restrictions=stops,
    call_seconds=lengths,
    arrested_at=st.none() | moments(),
    custodial_parent=st.booleans(),
    voice=st.sampled_from([None, None, "same", "another"]),
)
past_calls = st.builds(
    PastCall,
    start=moments(days=30),
    talk_seconds=st.sampled_from([0, 1, 100, 600, 1000, 10**30]),
    number=st.sampled_from([MOTHER, LAWYER, ""]),
    outcome=st.sampled_from(["completed", "completed", "completed", "no_answer", "denied", "in progress", ""]),
    number_class=st.none() | classes,
)
histories = st.lists(past_calls, max_size=8).map(tuple)
parties = st.builds(
    CalledParty,
    blocked=st.sampled_from([False, False, False, True]),
    prepaid_micros=st.integers(0, 10**7),
    direct_bill=st.booleans(),
    direct_bill_credit_micros=st.none() | st.integers(0, 10**7),
    line=lines,
    local=st.none() | st.booleans(),
)
ways = st.sampled_from(["prepaid", "debit", "collect", "direct_bill", "free"])
requests = st.builds(
    CallRequest,
    at=moments(),
    number=numbers,
    facility=facilities,
    unit=st.just(Place()) | places,
    phone=st.just(Place()) | places,
    inmate=st.none() | inmates,
    billing=st.none() | ways,
    called_party=parties,
    history=histories,
)

# Calls that only time can refuse; what never ends is in `requests`.
_wide = st.builds(lambda start, length: Window(start, min(1440, start + length)), st.integers(0, 900), st.integers(1, 900))
_hours = st.none() | st.lists(_wide, min_size=1, max_size=2).map(tuple)
_passing = st.builds(
    Restriction,
    since=st.none() | moments(),
    until=moments(),
    kind=kinds,
)
_ending = st.lists(_passing, max_size=2).map(tuple)
waiting = st.builds(
    CallRequest,
    at=moments(),
    number=st.just(MOTHER),
    facility=st.builds(Facility, timezone=st.sampled_from(ZONES), suspensions=_ending, hours=_hours),
    unit=st.just(Place()) | st.builds(Place, hours=_hours, suspensions=_ending),
    inmate=st.builds(
        Inmate,
        contacts=st.just((Contact(MOTHER),)),
        restrictions=_ending,
        arrested_at=st.none() | moments(),
        custodial_parent=st.booleans(),
    ),
    billing=st.just("prepaid"),
    called_party=st.just(CalledParty(prepaid_micros=10**9)),
    history=histories,
)

periods = st.sampled_from(["day", "week", "month", "custody"])
whom = st.sampled_from([("social",), ("social", "privileged"), ("social", "free", "anonymous")])
gaps = st.builds(
    Gap,
    seconds=st.integers(1, 200_000),
    since=st.sampled_from(["start", "end"]),
    outcomes=st.sampled_from([("completed",), ("*",), ("no_answer",)]),
    same_number=st.booleans(),
    classes=whom,
    **_said,
)
bonuses = st.builds(
    Bonus,
    first_day=st.sampled_from(["11-01", "03-08", "12-15", "02-29"]),
    last_day=st.sampled_from(["12-31", "03-29", "01-15", "02-29"]),
    more=st.integers(1, 20),
)
allowances = {
    "period": periods,
    "most": st.integers(1, 40),
    "reset_day": st.integers(1, 7),
    "bonuses": st.lists(bonuses, max_size=1).map(tuple),
    "classes": whom,
    **_said,
}
minutes = st.builds(Minutes, **allowances)
calls = st.builds(
    Calls, **(allowances | {"most": st.integers(1, 4)}), failed_count=st.booleans(), custodial_parent_more=st.integers(0, 2)
)
BEATABLE = ["suspension", "restriction", "not_on_list", "hours", "gap", "minutes", "calls", "billing", "balance", "call_length"]
floors = st.builds(
    Floor,
    period=periods,
    beats=st.lists(st.sampled_from(BEATABLE), unique=True).map(tuple),
    calls=st.none() | st.integers(1, 3),
    minutes=st.none() | st.integers(1, 20),
    seconds=st.none() | st.integers(1, 1500),
    reset_day=st.integers(1, 7),
    free=st.booleans(),
    unless=st.lists(kinds, unique=True, max_size=2).map(tuple),
    within_hours=st.none() | st.integers(1, 100),
    custodial_parent_more=st.integers(0, 2),
    classes=whom,
    **_said,
)


_RATES = [
    Rate(micros_per_minute=price, local_micros_per_minute=local, smallest_grant_seconds=smallest, classes=by_class, **RULE)
    for price, local in ((0, None), (1, 0), (60_000, None), (210_000, 30_000))
    for smallest in (1, 60)
    for by_class in ({}, {"free": 1, "anonymous": 1}, {"privileged": 0})
]
_narrowed = st.none() | st.lists(ways, unique=True, max_size=3).map(tuple)
_paying = st.builds(
    Paying, methods=st.lists(ways, unique=True, min_size=1).map(tuple), landline=_narrowed, cell=_narrowed, **_said
)
_private = st.sampled_from([(), ("privileged", "anonymous"), ("social",)])


def _of_these(strategy: st.SearchStrategy[_Part]) -> st.SearchStrategy[tuple[_Part, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


def profiles(
    hours: st.SearchStrategy[tuple[Window, ...] | None] = _hours, paying: st.SearchStrategy[Paying] = _paying
) -> st.SearchStrategy[Profile]:
    """Profiles with some of every kind of rule."""
    return st.builds(
        replace,
        st.sampled_from(PROFILES),
        call_length=st.sampled_from([CallLength(seconds=seconds, **RULE) for seconds in (900, 1200, 7200)]),
        hours=hours.map(lambda own: None if own is None else Hours(windows=own, **RULE)),
        gaps=_of_these(gaps),
        minutes=_of_these(minutes),
        calls=_of_these(calls),
        floors=_of_these(floors),
        contact_list=st.builds(ContactList, required=st.booleans(), reviewed=st.booleans(), **_said),
        announcements=st.sampled_from([Announcements(origin_every_seconds=every, **RULE) for every in (0, 60, 300)]),
        recording=st.builds(Recording, private_classes=_private, **_said),
        paying=paying,
        rate=st.sampled_from(_RATES),
    )


# Profiles under which `waiting` calls can be paid.
patient_profiles = profiles(paying=st.just(Paying(methods=("prepaid",), **RULE)))
