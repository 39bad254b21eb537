"""One decision with a year of calls behind it, beside rules that read the whole year each time."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from kinline.profiles import load_profile
from kinline.rules import Allow, CalledParty, CallRequest, Contact, Facility, Inmate, PastCall, Profile, Restriction, decide
from kinline.rules.profile import Calls, Floor, Gap, Minutes
from tests.perf.machine import busy
from tests.perf.report import Figure, percentile

KEY = "rule_decision_p99_ms"
CALLS_A_YEAR = 5000
ATTEMPTS = 500
ZONE = ZoneInfo("America/Chicago")
NOW = datetime(2026, 6, 25, 12, tzinfo=ZONE)
NUMBERS = [f"+1217555{number:04}" for number in range(100, 130)]

_RULE: dict[str, Any] = {"source": "measurement", "effective": date(2026, 1, 1)}


def profile() -> Profile:
    """Hours, and one of every rule that remembers; the allowances are never used up, so that all of a period counts."""
    return replace(
        load_profile("ct-doc"),
        gaps=(Gap(seconds=3600, since="start", **_RULE),),
        minutes=(Minutes(period="month", most=40_000, **_RULE), Minutes(period="day", most=1400, **_RULE)),
        calls=(Calls(period="week", most=1000, **_RULE),),
        floors=(Floor(period="month", calls=1000, beats=("minutes", "restriction"), **_RULE),),
    )


def attempt() -> CallRequest:
    """An inmate with a full list, some restrictions in the past, and a year of calls, as the store reads them."""
    random = Random(3)
    year = timedelta(days=365) / CALLS_A_YEAR
    past_days = [NOW - timedelta(days=day) for day in range(2, 12)]
    return CallRequest(
        at=NOW,
        number=NUMBERS[0],
        facility=Facility(timezone=str(ZONE)),
        inmate=Inmate(
            unit="B2",
            contacts=tuple(Contact(number) for number in NUMBERS),
            restrictions=tuple(Restriction(since=day, until=day + timedelta(days=1)) for day in past_days),
        ),
        called_party=CalledParty(prepaid_micros=10**9),
        history=tuple(
            PastCall(start=NOW.astimezone(UTC) - year * past, talk_seconds=random.randrange(900), number=random.choice(NUMBERS))
            for past in range(1, CALLS_A_YEAR + 1)
        ),
    )


def attempts() -> Iterator[CallRequest]:
    """The same one at moments of two days, by day and by night."""
    first, random = attempt(), Random(4)
    for _ in range(ATTEMPTS):
        yield replace(first, at=NOW + timedelta(seconds=random.randrange(172_800)))


def full_scan(request: CallRequest, rules: Profile) -> list[int]:
    """What a plain reading of the same rules costs: each of them looks at each call of the year."""
    today = request.at.astimezone(ZONE).date()
    same: dict[str, Callable[[date], object]] = {
        "day": lambda day: day,
        "week": lambda day: day.isocalendar()[:2],
        "month": lambda day: (day.year, day.month),
    }
    totals = []
    for rule in (*rules.minutes, *rules.calls, *rules.floors):
        label = same[rule.period]  # type: ignore[attr-defined]
        inside = [call for call in request.history if label(call.start.astimezone(ZONE).date()) == label(today)]
        totals.append(sum(call.talk_seconds for call in inside))
    totals.append(sum(call.start + timedelta(hours=1) > request.at for call in request.history))
    return totals


def costs_ms(decision: Callable[[CallRequest], object], requests: Iterable[CallRequest]) -> tuple[list[float], list[float]]:
    """Of each decision: the processor's time, which other programs lengthen least, and the clock's."""
    used, passed = [], []
    for request in requests:
        cpu, clock = time.thread_time_ns(), time.perf_counter_ns()
        decision(request)
        used.append((time.thread_time_ns() - cpu) / 1e6)
        passed.append((time.perf_counter_ns() - clock) / 1e6)
    return used, passed


def measure() -> list[Figure]:
    rules = profile()
    allowed = 0

    def decided(request: CallRequest) -> None:
        nonlocal allowed
        allowed += isinstance(decide(request, rules), Allow)

    used, passed = costs_ms(decided, attempts())
    scanned, _ = costs_ms(lambda request: full_scan(request, rules), islice(attempts(), 50))
    note = (
        f"processor time of {ATTEMPTS} decisions with {CALLS_A_YEAR} calls in the past year, {allowed} allowed, the others "
        f"refused with the next allowed moment; p50 {percentile(used, 0.5):.2f}, most {max(used):.2f} ms; p99 by the clock "
        f"{percentile(passed, 0.99):.2f} ms; {busy()}; beside it each rule reading the whole year, without deciding anything"
    )
    return [Figure(KEY, round(percentile(used, 0.99), 3), note, round(percentile(scanned, 0.99), 3))]
