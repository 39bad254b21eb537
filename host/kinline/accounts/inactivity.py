"""Money that nobody has touched: it stays the holder's, who is contacted and refunded (47 CFR 64.6130).

Nothing here or elsewhere moves a balance to the house for having been left alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

# 47 CFR 64.6130: an account is inactive after 180 days of continuous inactivity.
INACTIVE_AFTER = timedelta(days=180)

# What starts the clock again: the holder, or the person the account is for, adds or uses money, tries to, or says that
# they want to keep it. A hold is the attempt of a call. What the house does on its own (a credit) is none of these.
RESETTING_ENTRIES = frozenset({"deposit", "payment", "hold", "bill", "refund"})
RESETTING_NOTES = frozenset({"interest"})


@dataclass(frozen=True, slots=True)
class Activity:
    """An account with money in it. `last_at`: the newest resetting event; `contacted_at`: staff reached out since."""

    account: str
    balance_micros: int
    last_at: datetime
    contacted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InactiveAccount:
    """An account whose holder is to be contacted, or, having been contacted, refunded."""

    account: str
    balance_micros: int
    last_at: datetime
    inactive_since: datetime
    contacted_at: datetime | None


def inactive_since(last_at: datetime) -> datetime:
    return last_at + INACTIVE_AFTER


def inactive(accounts: Iterable[Activity], at: datetime) -> list[InactiveAccount]:
    """The accounts that are inactive at a moment, the longest untouched first."""
    found = [
        InactiveAccount(
            account=one.account,
            balance_micros=one.balance_micros,
            last_at=one.last_at,
            inactive_since=inactive_since(one.last_at),
            # A contact before the last activity was about another silence.
            contacted_at=one.contacted_at if one.contacted_at and one.contacted_at > one.last_at else None,
        )
        for one in accounts
        if one.balance_micros > 0 and inactive_since(one.last_at) <= at
    ]
    return sorted(found, key=lambda account: (account.last_at, account.account))
