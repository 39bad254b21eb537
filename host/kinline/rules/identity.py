"""Rules about who calls whom, which the time of day never changes."""

from collections.abc import Iterable

from kinline.rules.case import Bound, Case, Rule
from kinline.rules.numbers import NumberKind


def pin(case: Case) -> Iterable[Bound]:
    """Somebody with an active PIN calls, unless the profile or the line asks for none."""
    if case.profile.pin.mode == "none" or case.nameless:
        return
    inmate = case.request.inmate
    if inmate is None or not inmate.active:
        yield Bound("pin", 0, source=case.profile.pin.source)
    elif inmate.voice == "another" and case.profile.voice_check is not None:
        yield Bound("pin", 0, source=case.profile.voice_check.source)


def invalid_number(case: Case) -> Iterable[Bound]:
    if case.kind == "invalid" and case.named is None:
        yield Bound("invalid_number", 0, source="numbering plan")


def number_of_kind(kind: NumberKind) -> Rule:
    """The rule that closes one kind of number unless the profile opens it, or names the number."""

    def rule(case: Case) -> Iterable[Bound]:
        if case.kind == kind and case.named is None and not getattr(case.profile.numbers, kind):
            yield Bound(kind, 0, source=case.profile.numbers.source)

    return rule


def blocked_by_facility(case: Case) -> Iterable[Bound]:
    """Blocks by number, prefix and service; what the rules name is closed by its very number only."""
    party, facility, profile = case.request.called_party, case.request.facility, case.profile
    if party.blocked_by_facility:
        yield Bound("blocked_by_facility", 0, source="facility")
    if case.named is not None:
        return
    if case.request.number.startswith(facility.blocked_prefixes):
        yield Bound("blocked_by_facility", 0, source="facility")
    passes_on = party.third_party_service or case.request.number.startswith(profile.numbers.third_party_services)
    if profile.third_party.prohibited and passes_on:
        yield Bound("blocked_by_facility", 0, source=profile.third_party.source)


def not_on_list(case: Case) -> Iterable[Bound]:
    if case.named is not None or not case.profile.contact_list.required:
        return
    if case.contact is None or case.contact.status == "removed":
        yield Bound("not_on_list", 0, source=case.profile.contact_list.source)


def not_approved(case: Case) -> Iterable[Bound]:
    """A denied number stays closed even where no list is needed; a pending one waits only for a review that there is."""
    if case.named is not None or case.contact is None:
        return
    waits = case.contact.status == "pending" and case.profile.contact_list.required and case.profile.contact_list.reviewed
    if waits or case.contact.status == "denied":
        yield Bound("not_approved", 0, source=case.profile.contact_list.source)


def blocked_by_called_party(case: Case) -> Iterable[Bound]:
    if case.request.called_party.blocked:
        yield Bound("blocked_by_called_party", 0, source="called party")


def busy_elsewhere(case: Case) -> Iterable[Bound]:
    """One inmate, one call at a time; a line that asks no name does not know whose call it is."""
    inmate = case.request.inmate
    if inmate is not None and inmate.on_call and not case.nameless:
        yield Bound("busy_elsewhere", 0, source="one call at a time")
