"""Clips: what can be played to a party."""

from kinline_engine._kinline_engine import lib
from kinline_engine.errors import check
from kinline_engine.raw import Owner


class Clip:
    """Audio ready to be played. From `Engine.load_clip`."""

    def __init__(self, engine: Owner, id: int) -> None:
        self._engine = engine
        self.id = id

    def free(self) -> None:
        """Busy while it is in a play list."""
        check(lib.kl_clip_free(self._engine.handle, self.id), f"clip {self.id}")
