"""A request that every rule of ct-doc allows, to be spoiled one rule at a time."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kinline.rules import CalledParty, CallRequest, Contact, Facility, Inmate, PastCall

NEW_YORK = ZoneInfo("America/New_York")
MOTHER = "+12025550123"
LAWYER = "+12025550124"
STRANGER = "+12025550199"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=NEW_YORK)


def inmate(**changes: object) -> Inmate:
    facts: dict[str, object] = {
        "id": "1001",
        "unit": "B2",
        "contacts": (Contact(MOTHER), Contact(LAWYER, number_class="privileged")),
    }
    return Inmate(**(facts | changes))  # type: ignore[arg-type]


def request(**changes: object) -> CallRequest:
    facts: dict[str, object] = {
        "at": NOON,
        "number": MOTHER,
        "facility": Facility(timezone="America/New_York"),
        "inmate": inmate(),
        "billing": "prepaid",
        "called_party": CalledParty(prepaid_micros=100_000_000),
    }
    return CallRequest(**(facts | changes))  # type: ignore[arg-type]


# Where a rule of a test comes from.
RULE: dict[str, Any] = {"source": "test", "effective": date(2020, 1, 1)}


def ago(seconds: int = 0, talk: int = 60, at: datetime = NOON, **changes: object) -> PastCall:
    """A call that began so many seconds before `at`."""
    facts: dict[str, object] = {"start": at - timedelta(seconds=seconds), "talk_seconds": talk, "number": MOTHER}
    return PastCall(**(facts | changes))  # type: ignore[arg-type]
