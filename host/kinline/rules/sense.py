"""Whether a profile's rules make sense together: what types alone cannot say.

Each fault is the path of the key to change and what is wrong with it, next step included.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from kinline.rules.model import MINUTES_A_DAY, NumberClass, Window
from kinline.rules.profile import Acceptance, Allowance, Classes, Period, Profile

Path = tuple[str | int, ...]

# The longest month; a guarantee or allowance beyond its period's own length says nothing.
_LONGEST_MINUTES: dict[Period, int] = {"day": MINUTES_A_DAY, "week": 7 * MINUTES_A_DAY, "month": 31 * MINUTES_A_DAY}
_DAYS_A_WEEK = 7
_LEAP_YEAR = 2028


class Fault(NamedTuple):
    """`path` leads to the key in the profile's tables. A `harmless` one is worth knowing and changes no call."""

    path: Path
    text: str
    harmless: bool = False


def faults_in(profile: Profile) -> list[Fault]:
    """Rules that contradict themselves: no decision can be trusted to follow them."""
    return [fault for check in _CHECKS for fault in check(profile)]


def misfits_in(profile: Profile) -> list[Fault]:
    """Rules that do not fit each other: decisions follow the stricter one, but one of them was hardly meant so."""
    return [fault for check in _FITS for fault in check(profile)]


def _windows(profile: Profile) -> Iterator[Fault]:
    if profile.hours is None:
        return
    windows = profile.hours.windows
    if not windows:
        yield Fault(("hours", "windows"), "there is no window, so nobody could ever call; write one, or leave [hours] out")
    for index, window in enumerate(windows):
        for earlier in windows[:index]:
            if window == earlier:
                yield Fault(("hours", "windows", index), f"the window {window} is there twice; remove one")
            elif window.start < earlier.end and earlier.start < window.end:
                yield Fault(
                    ("hours", "windows", index), f"the window {window} overlaps {earlier}; make one of both, or part them"
                )


def _call_length(profile: Profile) -> Iterator[Fault]:
    lengths: list[tuple[Path, int, NumberClass | None]] = [(("call_length", "seconds"), profile.call_length.seconds, None)]
    lengths += [(("call_length", "classes", name), seconds, name) for name, seconds in profile.call_length.classes.items()]
    widest = _widest(profile.hours.windows) if profile.hours else MINUTES_A_DAY
    for path, seconds, name in lengths:
        if profile.hours and profile.hours.windows and seconds > widest * 60:
            yield Fault(path, f"{_span(seconds)} is longer than the widest window of [hours] ({_span(widest * 60)}); shorten it")
        if seconds < profile.rate.smallest_grant_seconds:
            yield Fault(
                ("rate", "smallest_grant_seconds"),
                f"the smallest grant ({_span(profile.rate.smallest_grant_seconds)}) is above the call length "
                f"({_span(seconds)}), so no call would be paid for; lower it, 1 is the neutral value",
            )
        for index, rule in enumerate(profile.minutes):
            binds = name in rule.classes if name else "social" in rule.classes
            most = rule.most + max((bonus.more for bonus in rule.bonuses), default=0)
            if binds and seconds > most * 60:
                yield Fault(
                    ("minutes", index, "most"),
                    f"a call may last {_span(seconds)}, but the {_every(rule.period)} has {most} min in all; "
                    "shorten call_length or raise `most`",
                )


def _widest(windows: Sequence[Window]) -> int:
    """The longest stretch of open minutes; windows that touch are one, also over midnight."""
    stretches: list[list[int]] = []
    for window in sorted(windows):
        if stretches and window.start <= stretches[-1][1]:
            stretches[-1][1] = max(stretches[-1][1], window.end)
        else:
            stretches.append([window.start, window.end])
    lengths = [end - start for start, end in stretches]
    if len(stretches) > 1 and stretches[0][0] == 0 and stretches[-1][1] == MINUTES_A_DAY:
        lengths.append(lengths[0] + lengths[-1])
    return max(lengths, default=0)


def _allowances(profile: Profile) -> Iterator[Fault]:
    for key, rules in (("minutes", profile.minutes), ("calls", profile.calls)):
        for index, rule in enumerate(rules):
            yield from _reset_day((key, index), rule.period, rule.reset_day)
            yield from _classes((key, index), rule.classes)
            yield from _bonuses((key, index), rule)
            if any((rule.period, set(rule.classes)) == (other.period, set(other.classes)) for other in rules[:index]):
                yield Fault((key, index), f"a second allowance for the same {_every(rule.period)} and classes; keep one")
    for index, minutes in enumerate(profile.minutes):
        yield from _within_period(("minutes", index, "most"), minutes.period, minutes.most)


def _bonuses(path: Path, rule: Allowance) -> Iterator[Fault]:
    for index, bonus in enumerate(rule.bonuses):
        for key, text in (("from", bonus.first_day), ("until", bonus.last_day)):
            if not _is_day(text):
                yield Fault((*path, "bonuses", index, key), f"no year has a day {text}; write MM-DD, for example 11-30")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        return False
    return True


def _reset_day(path: Path, period: Period, day: int) -> Iterator[Fault]:
    if period == "week" and day > _DAYS_A_WEEK:
        yield Fault((*path, "reset_day"), f"a week has no day {day}; write 1 (Monday) to 7 (Sunday)")
    if period in ("day", "custody") and day != 1:
        yield Fault((*path, "reset_day"), f"the period {period!r} has no reset day; leave the key out")


def _within_period(path: Path, period: Period, minutes: int) -> Iterator[Fault]:
    if minutes > (longest := _LONGEST_MINUTES.get(period, minutes)):
        yield Fault(path, f"{minutes} min are more than a {_every(period)} has ({longest}); write at most that")


def _classes(path: Path, classes: Classes) -> Iterator[Fault]:
    if not classes:
        yield Fault((*path, "classes"), 'the rule would bind no number; name classes, for example ["social"]')


def _gaps(profile: Profile) -> Iterator[Fault]:
    for index, gap in enumerate(profile.gaps):
        yield from _classes(("gaps", index), gap.classes)
        if not gap.outcomes:
            yield Fault(("gaps", index, "outcomes"), 'the wait would follow no call; name outcomes, or ["*"] for every attempt')


def _floors(profile: Profile) -> Iterator[Fault]:
    longest = max(profile.call_length.seconds, *profile.call_length.classes.values(), 0)
    for index, floor in enumerate(profile.floors):
        path = ("floors", index)
        yield from _reset_day(path, floor.period, floor.reset_day)
        yield from _classes(path, floor.classes)
        if floor.calls is None and floor.minutes is None:
            yield Fault(path, "a floor guarantees `calls` or `minutes`; write one of them")
        if floor.minutes is not None:
            yield from _within_period((*path, "minutes"), floor.period, floor.minutes)
        if not floor.beats and not floor.free:
            yield Fault((*path, "beats"), "the floor beats no rule and so guarantees nothing; name the rules that it beats")
        if floor.seconds is not None and floor.seconds > longest and "call_length" not in floor.beats:
            yield Fault(
                (*path, "seconds"),
                f"the floor guarantees {_span(floor.seconds)}, but call_length ends a call at {_span(longest)}; "
                'raise that, or let the floor beat "call_length"',
            )


def _contact_list(profile: Profile) -> Iterator[Fault]:
    if profile.contact_list.required:
        return
    for key in ("maximum", "change_every_days"):
        if getattr(profile.contact_list, key) is not None:
            yield Fault(("contact_list", key), "there is no list to bound while `required` is false; leave the key out")


def _keys(profile: Profile) -> Iterator[Fault]:
    for key, digit, other in doubly_meant(profile.acceptance):
        yield Fault(("acceptance", key), f"the key {digit} already means {other}; choose another")


def doubly_meant(acceptance: Acceptance) -> Iterator[tuple[str, str, str]]:
    """Each key whose digit another has: its name, the digit, and the other's name."""
    taken: dict[str, str] = {}
    for key in ("accept", "refuse", "quote", "block", "account"):
        digit = getattr(acceptance, key)
        if digit is not None and taken.setdefault(digit, key) != key:
            yield key, digit, taken[digit]


def _announcements(profile: Profile) -> Iterator[Fault]:
    longest = max(profile.call_length.seconds, *profile.call_length.classes.values(), 0)
    for index, seconds in enumerate(profile.announcements.warning_seconds):
        if seconds >= longest:
            yield Fault(
                ("announcements", "warning_seconds", index),
                f"no call lasts the {seconds} s that this warning needs (the longest is {_span(longest)}); lower it",
                harmless=True,
            )


def _paying(profile: Profile) -> Iterator[Fault]:
    paying = profile.paying
    rates = (profile.rate.micros_per_minute, *profile.rate.classes.values())
    if not paying.methods and any(rates):
        yield Fault(("paying", "methods"), 'calls cost money, but nothing is open to pay with; name a way, for example "prepaid"')
    if "free" in paying.methods and profile.rate.micros_per_minute:
        yield Fault(("paying", "methods"), '"free" is for calls that cost nothing; leave it out, or set the rate to 0')
    yield from _twice(("paying", "methods"), paying.methods)
    for key in ("landline", "cell"):
        for index, method in enumerate(getattr(paying, key) or ()):
            if method not in paying.methods:
                yield Fault(("paying", key, index), f"{method} is not one of `methods`, which this narrows; add it there")


def _named_numbers(profile: Profile) -> Iterator[Fault]:
    for key in ("number", "dial"):
        values = [getattr(line, key) for line in profile.named_numbers]
        for index, value in enumerate(values):
            if value is not None and value in values[:index]:
                yield Fault(("named_numbers", index, key), f"{value} is there twice; keep one")


def _account_menu(profile: Profile) -> Iterator[Fault]:
    menu = profile.account_menu
    if menu is not None and any(line.dial == menu.dial for line in profile.named_numbers):
        yield Fault(("account_menu", "dial"), f"{menu.dial} already reaches a named number; choose another")


def _twice(path: Path, values: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Fault((*path, index), f"{value} is there twice; keep one")
        seen.add(value)


def _every(period: Period) -> str:
    return "time in custody" if period == "custody" else period


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


_Check = Callable[[Profile], Iterator[Fault]]
_CHECKS: tuple[_Check, ...] = (
    _windows,
    _allowances,
    _gaps,
    _floors,
    _contact_list,
    _keys,
    _paying,
    _named_numbers,
    _account_menu,
)
_FITS: tuple[_Check, ...] = (_call_length, _announcements)
