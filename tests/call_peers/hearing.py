"""How well the two sides of a call heard each other."""

from dataclasses import dataclass

GOOD = 0.9


@dataclass(frozen=True, slots=True)
class Hearing:
    """Correlations of what one side spoke and the other heard."""

    caller: float
    called_party: float

    @property
    def good(self) -> bool:
        return min(self.caller, self.called_party) >= GOOD
