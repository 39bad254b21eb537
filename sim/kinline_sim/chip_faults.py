"""What can be wrong with a board on the bench, for tests and for `kinline-sim board --fault`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kinline_sim.rom import CHIP_ESP32_S3

CHIP_FAULTS = "chip=ID, worn=ADDRESS, power-loss=SECTORS, stuck-reset, wrong-baud, drop=PROBABILITY"


@dataclass(frozen=True, slots=True)
class ChipFaults:
    """What can be wrong with a board on the bench.

    chip: another chip id than the S3's. worn: addresses of sectors that take no more writes. fails_after: sectors after
    which the supply fails once. stuck_reset: neither EN nor BOOT reach the chip. wrong_baud: its clock is off, nobody
    understands it. drop: probability that a piece of bytes loses some.
    """

    chip: int = CHIP_ESP32_S3
    worn: tuple[int, ...] = ()
    fails_after: int | None = None
    stuck_reset: bool = False
    wrong_baud: bool = False
    drop: float = 0.0


def chip_faults(words: Iterable[str]) -> ChipFaults:
    """The faults that these words name; raises ValueError."""
    faults = ChipFaults()
    for word in words:
        name, _, value = word.partition("=")
        try:
            match name:
                case "chip":
                    faults = replace(faults, chip=int(value, 0))
                case "worn":
                    faults = replace(faults, worn=(*faults.worn, int(value, 0)))
                case "power-loss":
                    faults = replace(faults, fails_after=int(value, 0))
                case "stuck-reset":
                    faults = replace(faults, stuck_reset=True)
                case "wrong-baud":
                    faults = replace(faults, wrong_baud=True)
                case "drop":
                    faults = replace(faults, drop=float(value))
                case _:
                    raise ValueError
        except ValueError:
            raise ValueError(f"no such fault as {word!r}: choose of {CHIP_FAULTS}") from None
    return faults
