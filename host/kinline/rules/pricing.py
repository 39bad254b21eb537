"""Puts the prices of a day into a profile, so that the decision, the spoken quote and the bill read the same line."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import get_args

from kinline.accounts.rates import RateLine, RateTable, seeded
from kinline.rules.model import NumberClass
from kinline.rules.profile import Profile, Rate


def rate_table(rate: Rate, own: Sequence[RateLine]) -> RateTable:
    """A facility's own lines over those of its profile's rate rule. Raises RateError."""
    return RateTable(seeded(rate.micros_per_minute, rate.classes.items(), rate.source), tuple(own))


def priced(profile: Profile, own: Sequence[RateLine], day: date) -> Profile:
    """The profile with the prices that hold on a day of the facility's calendar. Raises RateError."""
    if not own:
        return profile
    rate, table = profile.rate, rate_table(profile.rate, own)
    general = table.general_at(day)
    by_class = {name: table.rate_at(name, day) for name in get_args(NumberClass)}
    local = rate.local_micros_per_minute
    # Every line that someone may pay by is named, the general one first.
    sources = dict.fromkeys(line.source for line in (general, *by_class.values()) if line.micros_per_minute)
    return replace(
        profile,
        rate=replace(
            rate,
            micros_per_minute=general.micros_per_minute,
            # A local call is never dearer than another.
            local_micros_per_minute=None if local is None else min(local, general.micros_per_minute),
            classes={name: line.micros_per_minute for name, line in by_class.items() if line.number_class is not None},
            source="; ".join(sources) or general.source,
        ),
    )
