"""The jitter buffer's rules in Python: which sample is played when. Positions are samples at 8 kHz; no audio."""

STEP, WINDOW, PATIENCE, LATE_RUN, JUMP = 80, 100, 100, 8, 7200
MADE_UP = -1


class JitterReference:
    """Depths in milliseconds. `late` counts packets, `made_up` samples."""

    def __init__(self, least_ms: int, most_ms: int) -> None:
        self._least, self._most = least_ms * 8, most_ms * 8
        self._held: dict[int, bool] = {}
        self._play: int | None = None
        self._run_late = 0
        self.late = self.made_up = 0
        self._watch_anew()

    def put(self, position: int, n: int, loud: bool) -> None:
        """A packet of n samples; loud ones are not taken for a pause."""
        if self._play is None or abs(position - self._play) > JUMP:
            self._start(position)
        assert self._play is not None
        margin = position - self._play
        if margin < 0:
            self.late += 1
            self._run_late += 1
            if self._run_late >= LATE_RUN:
                self._start(position)
            else:
                self._grow(-margin)
            margin = position - self._play
        else:
            self._run_late = 0
            if margin > self._most:
                self._cut(margin - self._most)
                margin = self._most
        self._watch(margin)
        self._held.update({at: loud for at in range(position, position + n) if at >= self._play})

    def get(self, n: int) -> list[int]:
        """The positions of the next n samples, MADE_UP where nothing has come."""
        if self._play is None:
            return [MADE_UP] * n
        if self._shrink and (self._in_pause() or self._waited()):
            self._cut(self._shrink)
        played = [at if self._held.pop(at, None) is not None else MADE_UP for at in range(self._play, self._play + n)]
        self._play += n
        self.made_up += played.count(MADE_UP)
        return played

    def _start(self, position: int) -> None:
        self._held.clear()
        self._play = position - self._least
        self._run_late = 0
        self._watch_anew()

    def _grow(self, lateness: int) -> None:
        assert self._play is not None
        depth = self._highest
        step = max(0, min((lateness + STEP) // STEP * STEP, self._most - depth))
        self._play -= step
        self._watch_anew()
        self._highest = depth + step

    def _cut(self, n: int) -> None:
        assert self._play is not None
        for at in range(self._play, self._play + n):
            self._held.pop(at, None)
        self._play += n
        self._watch_anew()

    def _watch(self, margin: int) -> None:
        self._lowest, self._highest = min(self._lowest, margin), max(self._highest, margin)
        self._seen += 1
        if self._seen < WINDOW or self._shrink:
            return
        spare = self._lowest - self._least
        self._watch_anew()
        if spare >= STEP:
            self._shrink = spare // STEP * STEP

    def _watch_anew(self) -> None:
        self._seen = self._shrink = self._wait = 0
        self._lowest, self._highest = 1 << 30, 0

    def _in_pause(self) -> bool:
        assert self._play is not None
        return not any(self._held.get(at, False) for at in range(self._play, self._play + STEP))

    def _waited(self) -> bool:
        self._wait += 1
        return self._wait >= PATIENCE
