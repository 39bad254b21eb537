"""What the facades share on their way to C."""

from collections.abc import Sequence
from typing import Any, Protocol


class Owner(Protocol):
    """Whoever holds the C engine that a link, clip or call is part of."""

    @property
    def handle(self) -> Any:
        """The C `kl_engine *`; ValueError once closed."""


def fields(raw: Any, names: Sequence[str]) -> dict[str, int]:
    """Those fields of a C struct."""
    return {name: int(getattr(raw, name)) for name in names}
