"""How often the detectors are right on the labelled corpus: found, missed, and found where there is nothing."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

from kinline.rules.profile import Acceptance, ThirdParty
from kinline_engine.detect import Detector, Phase, Sign
from tests.detect import corpus

# What a profile says that says nothing.
CUT_AT = next(f.default for f in ThirdParty.__dataclass_fields__.values() if f.name == "confidence")
END_AT = next(f.default for f in Acceptance.__dataclass_fields__.values() if f.name == "confidence")
# Signs that end the menu of a call, as kinline.calls.signs has them.
MACHINES = (Sign.BEEP, Sign.GREETING, Sign.FAX, Sign.BUSY, Sign.REORDER, Sign.SIT)


@dataclass(frozen=True, slots=True)
class Result:
    """One scene: the highest confidence of the sign to be found (0: missed) and when it came, and of any that acts by itself."""

    kind: str
    name: str
    expected: Sign | None
    seconds: float
    loss: float
    found: int
    after_s: float
    acts: int

    @property
    def missed(self) -> bool:
        return self.expected is not None and not self.found


def judge(kind: str, number: int) -> Result:
    """Let the detectors hear one scene."""
    scene = corpus.scene(kind, number)
    with Detector(scene.phase) as detector:
        signs = detector.hear(scene.far.tobytes(), scene.near.tobytes())
    mine = [sign for sign in signs if sign.sign is scene.expected]
    acting = (Sign.THREE_WAY,) if scene.phase is Phase.TALK else MACHINES
    return Result(
        kind,
        scene.name,
        scene.expected,
        scene.seconds,
        scene.loss,
        max((sign.confidence for sign in mine), default=0),
        mine[0].seconds - scene.from_s if mine else 0.0,
        max((sign.confidence for sign in signs if sign.sign in acting), default=0),
    )


def judged(wanted: Iterable[tuple[str, int]], workers: int | None = None) -> list[Result]:
    """Many scenes, on all processors; in the order asked for."""
    kinds, numbers = zip(*wanted, strict=True)
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(judge, kinds, numbers, chunksize=4))


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of scene: how many, missed on clean lines and with lost packets, sure enough to act, and how fast (median)."""

    name: str
    sign: str
    scenes: int
    missed_clean: str
    missed_lossy: str
    sure: int
    after_s: float


def rows(results: Sequence[Result]) -> list[Row]:
    """Of the scenes in which something is to be found, by kind."""
    kinds = list(dict.fromkeys(result.kind for result in results if result.expected is not None))
    return [_row([result for result in results if result.kind == kind]) for kind in kinds]


def _row(results: list[Result]) -> Row:
    clean = [result for result in results if not result.loss]
    lossy = [result for result in results if result.loss]
    first = results[0]
    assert first.expected is not None
    return Row(
        first.name,
        first.expected.name.lower(),
        len(results),
        f"{sum(r.missed for r in clean)} of {len(clean)}",
        f"{sum(r.missed for r in lossy)} of {len(lossy)}",
        sum(r.found >= CUT_AT for r in results),
        median([r.after_s for r in results if r.found] or [0.0]),
    )
