"""How loud a receiver is, by the steps of its two keys."""

# ADA standards 704.3: 20 dB at least, with a step at 12; 47 CFR 68.317: more than 18 dB only with a reset on hook.
STEPS_DB = (0, 4, 8, 12, 16, 20)


class Volume:
    """Nominal at first and after every use of the telephone; `db` is the receiver's gain."""

    def __init__(self) -> None:
        self._step = 0

    @property
    def db(self) -> int:
        return STEPS_DB[self._step]

    def press(self, louder: bool) -> int:
        """One key press, to the ends of the range; the gain from now on."""
        self._step = min(max(self._step + (1 if louder else -1), 0), len(STEPS_DB) - 1)
        return self.db
