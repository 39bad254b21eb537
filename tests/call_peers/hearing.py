"""How well the two sides of a call heard each other, judged where other programs may take the machine."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

GOOD = 0.9
TRIES = 3  # real-time sound breaks up on a starved machine; a fault breaks every try


@dataclass(frozen=True, slots=True)
class Hearing:
    """Correlations of what one side spoke and the other heard."""

    caller: float
    called_party: float

    @property
    def good(self) -> bool:
        return min(self.caller, self.called_party) >= GOOD


async def heard_well(talk: Callable[[], Awaitable[Hearing]]) -> bool:
    """Whether both heard each other in one of a few calls, each made anew."""
    for _ in range(TRIES):
        hearing = await talk()
        print(hearing)
        if hearing.good:
            return True
    return False
