"""The order of the checks, and what became of each: a failure does not keep the others from being looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kinline.handsets import _link as wire
from kinline.technician.exits import Exit
from kinline.technician.selftest import keys, line, sensors, sound
from kinline.technician.selftest.bench import Bench, Hand
from kinline.technician.trouble import Trouble

Check = Callable[[Bench], str]


@dataclass(frozen=True, slots=True)
class Result:
    """`found` when it is well, otherwise the trouble."""

    name: str
    found: str
    trouble: Trouble | None


def checks(seconds: float, hands: bool) -> list[tuple[str, Check]]:
    """Names and checks in their order; without hands only those that nobody must help with."""
    counted: Check = lambda bench: line.line(bench, seconds)  # noqa: E731 - named by its place in the list
    if not hands:
        return [("supply", sensors.supply), ("line", counted)]
    return [
        ("supply", sensors.supply),
        ("case", sensors.case),
        ("cord", sensors.cord),
        ("magnet", sensors.magnet),
        ("line", counted),
        ("hook", sensors.hook),
        ("keys", keys.keys),
        ("mute", sound.mute),
        ("tone", sound.loop_back),
    ]


def run(bench: Bench, seconds: float = line.SECONDS, hands: bool = True) -> Iterator[Result]:
    """Each check's result as it is known. What the port itself does wrong ends the test as a Trouble."""
    if bench.link.opened is None or not bench.link.minor:
        raise Trouble("too-old", "this firmware cannot test itself", "kinline tech update", Exit.TEST_FAILED)
    for name, check in checks(seconds, hands):
        try:
            found = check(bench)
        except Trouble as trouble:
            if trouble.exit is not Exit.TEST_FAILED:
                raise
            yield Result(name, trouble.what, trouble)
        else:
            yield Result(name, found, None)
    if hands:
        bench.ask(Hand.HANG_UP)
        bench.link.until(lambda: any(isinstance(m, wire.Hook) and not m.off_hook for m in bench.link.messages), bench.patience_s)
