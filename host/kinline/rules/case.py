"""An attempt at one moment, as every rule sees it, and the form in which every rule answers."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kinline.rules.model import Billing, CallRequest, Contact, ContactStatus, Line, NumberClass, RestrictionKind
from kinline.rules.numbers import NumberKind, number_kind
from kinline.rules.profile import OPEN_CLASSES, NamedNumber, Profile

_STRICTNESS: Mapping[ContactStatus, int] = {"approved": 0, "pending": 1, "denied": 2, "removed": 3}


@dataclass(frozen=True, slots=True)
class Bound:
    """One rule's word on an attempt: at most `seconds` of talk, and none (0) is a refusal.

    `changes_at` is the first later moment at which this rule, by itself, says something else that matters: a refusal
    passes, or a limit becomes a refusal; None if no moment does. `source` says who set the rule: a rule line of
    the profile, or a word such as "facility". `kind` is a restriction's.
    """

    rule: str
    seconds: int
    changes_at: datetime | None = None
    source: str = ""
    kind: RestrictionKind | None = None

    @property
    def refuses(self) -> bool:
        return self.seconds < 1


@dataclass(frozen=True, slots=True)
class Case:
    """`at` is UTC. `contact` is all the list's lines with this number as one, the strictest word of each.

    `classes` has every number that has a class now; all others are social. `totals` remembers what was counted of
    the history, for the same case at other moments: how far back it was read, calls, seconds of talk.
    `free` is a floor's word that nothing is paid, whatever `listed_rate` (micro-dollars a minute) says.
    """

    request: CallRequest
    profile: Profile
    at: datetime
    zone: ZoneInfo
    kind: NumberKind
    contact: Contact | None
    named: NamedNumber | None
    number_class: NumberClass
    classes: Mapping[str, NumberClass]
    listed_rate: int
    billing: Billing = "free"
    free: bool = False
    totals: dict[Hashable, tuple[int, int, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rate(self) -> int:
        return 0 if self.free else self.listed_rate

    @property
    def open_line(self) -> bool:
        """A free or anonymous number that the rules themselves name."""
        return self.named is not None and self.number_class in OPEN_CLASSES

    @property
    def nameless(self) -> bool:
        """The caller need not say who they are."""
        return self.open_line or (self.named is not None and self.named.without_pin)

    @property
    def line(self) -> Line | None:
        """What the called line is, as far as anybody knows."""
        return (self.contact.line if self.contact else None) or self.request.called_party.line


Rule = Callable[[Case], Iterable[Bound]]


def case_of(request: CallRequest, profile: Profile) -> Case:
    """What the rules need worked out once. Raises ValueError if the facility's time zone is unknown."""
    classes = classes_now(request, profile)
    number_class = classes.get(request.number, "social")
    return Case(
        request=request,
        profile=profile,
        at=request.at.astimezone(UTC),
        zone=zone_of(request.facility.timezone),
        kind=number_kind(request.number, profile.numbers.home_regions),
        contact=_contact(request),
        named=profile.named(request.number),
        number_class=number_class,
        classes=classes,
        listed_rate=profile.rate_for(number_class, local=request.called_party.local),
    )


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a facility. Raises ValueError naming the key."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"facility.timezone: {name!r} is not a time zone; write a name such as America/New_York") from error


def classes_now(request: CallRequest, profile: Profile) -> dict[str, NumberClass]:
    """What each known number is: privileged if anybody says so, else as the rules name it, else as the list has it.

    A wrong "privileged" costs a recording, a wrong "social" a client's rights. So counsel stays counsel even on a
    line taken off the list; every other class goes with its line.
    """
    classes: dict[str, NumberClass] = {}
    counsel: dict[str, NumberClass] = {}
    ranks: dict[str, int] = {}
    for line in request.inmate.contacts if request.inmate else ():
        rank = _STRICTNESS[line.status]
        if rank >= ranks.get(line.number, rank):
            ranks[line.number] = rank
            classes[line.number] = "social" if line.status == "removed" else line.number_class
        if line.number_class == "privileged":
            counsel[line.number] = "privileged"
    for named in profile.named_numbers:
        (counsel if named.number_class == "privileged" else classes)[named.number] = named.number_class
    return classes | counsel


def _contact(request: CallRequest) -> Contact | None:
    contacts = request.inmate.contacts if request.inmate else ()
    lines = [contact for contact in contacts if contact.number == request.number]
    if len(lines) < 2:
        return lines[0] if lines else None
    strictest = max(lines, key=lambda line: _STRICTNESS[line.status])
    kinds, lengths = {line.line for line in lines}, [line.call_seconds for line in lines if line.call_seconds]
    return Contact(
        request.number,
        strictest.status,
        "privileged" if any(line.number_class == "privileged" for line in lines) else strictest.number_class,
        kinds.pop() if len(kinds) == 1 else None,
        min(lengths, default=None),
        all(line.recorded for line in lines),
    )
