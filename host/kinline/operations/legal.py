"""Where a facility's prices are above a legal cap: told when they are put into service, never changed by us.

Whether a cap binds a facility is its lawyers' to say (an additive, a stay, a contract older than the order), so nothing
is refused; but nobody puts such a price into service without having read of it, and the audit log has who did.
"""

from datetime import date

from kinline.profiles import price_caps
from kinline.rules.caps import Service, excesses
from kinline.rules.profile import Profile


def above_caps(profile: Profile, since: date, until: date | None = None) -> list[str]:
    """What is above a cap of the place that the profile is for, on the first day or when a later cap begins."""
    place, tables = profile.jurisdiction, price_caps()
    kind, state = (place.kind, place.state) if place else (None, None)
    begin = {table.first_day for table in tables if since < table.first_day and (until is None or table.first_day < until)}
    found = [
        f"{'.'.join(map(str, excess.path))}: {excess.text}"
        for day in sorted({since, *begin})
        for excess in excesses(profile, Service(day=day, kind=kind, state=state), tables)
    ]
    return list(dict.fromkeys(found))


def with_caps(text: str, above: list[str]) -> str:
    """An answer in words, and below it what is above a cap."""
    return "\n".join([text, *(f"Attention: {line}" for line in above)])
