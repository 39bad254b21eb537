"""What one handset's call says: renders prompts off the loop, keeps their order, reports when they were heard."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kinline.calls.actions import Side
from kinline.counters import counters
from kinline.daemon.services import Services
from kinline.logs import log
from kinline.media import AnyCall, Clip, EngineError, Play, typed
from kinline.media import Side as EngineSide
from kinline.prompts.sound import SoundError, to_rate
from kinline.rules.model import Language

_log = log(part="speech")


@dataclass(slots=True)
class _Line:
    side: Side
    prompt: str
    language: Language
    values: dict[str, Any]
    overlay: bool
    said: Callable[[bool], None]
    dropped: bool = field(default=False)
    as_meant: bool = field(default=True)
    plays: int = field(default=0)  # under way in the engine


class Speech:
    """One task renders and queues lines in the order they were asked for; a hush drops what was not heard yet."""

    def __init__(self, call: AnyCall, services: Services, played: Callable[[int, bool], None]) -> None:
        self._call = call
        self._services = services
        self._report = played
        self._tokens = itertools.count(1)
        self._playing: dict[int, _Line] = {}
        self._waiting: asyncio.Queue[_Line] = asyncio.Queue()
        self._pending: list[_Line] = []
        self._typing = 0  # sides that are typed to
        self._task = services.spawn(self._run())

    def say(
        self,
        side: Side,
        prompt: str,
        language: Language,
        values: dict[str, Any],
        token: int,
        overlay: bool,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Say it after what is being said to that side; then the token is reported, or `then` is called.

        The report says whether it was heard as meant, or a tone stood for words that could not be made.
        """

        def said(as_meant: bool) -> None:
            if then is None:
                self._report(token, as_meant)
            else:
                then()

        line = _Line(side, prompt, language, values, overlay, said)
        self._pending.append(line)
        self._waiting.put_nowait(line)

    def type_to(self, sides: EngineSide) -> None:
        """From now on what is said to these sides is typed: text telephones are there."""
        self._typing |= sides

    def types_to(self, side: EngineSide) -> bool:
        return bool(self._typing & side)

    def hush(self, side: Side) -> None:
        """Stop and forget everything said to this side; forgotten lines report nothing."""
        sides = {Side.NEAR, Side.FAR, Side.BOTH} if side is Side.BOTH else {side}
        for line in [*self._pending, *self._playing.values()]:
            line.dropped = line.dropped or line.side in sides
        self._call.stop(EngineSide[side.name])

    def played(self, token: int) -> None:
        """The engine has played everything under its token."""
        line = self._playing.pop(token, None)
        if line is None:
            return
        line.plays -= 1
        if not line.plays and not line.dropped:
            line.said(line.as_meant)

    def stopped(self, token: int) -> None:
        """The engine did not play it to its end."""
        if line := self._playing.pop(token, None):
            line.plays, line.dropped = line.plays - 1, True

    def close(self) -> None:
        self._task.cancel()
        for line in [*self._pending, *self._playing.values()]:
            line.dropped = True

    async def _run(self) -> None:
        while True:
            line = await self._waiting.get()
            if not line.dropped:
                await self._play(line)
            self._pending.remove(line)

    async def _play(self, line: _Line) -> None:
        typed_to = EngineSide[line.side.name] & self._typing
        spoken_to = EngineSide[line.side.name] & ~self._typing
        plays: list[tuple[EngineSide, list[Clip]]] = []
        try:
            if spoken_to:
                plays.append((EngineSide(spoken_to), await self._spoken(line)))
            if typed_to:
                plays.append((EngineSide(typed_to), await self._typed(line)))
        except (SoundError, OSError) as error:
            counters.add("prompt_failed")
            _log.error("prompt cannot be said", prompt=line.prompt, language=line.language, error=str(error))
            if not line.dropped:
                line.said(False)
            return
        if line.dropped:
            return
        mode = Play.OVERLAY if line.overlay else Play.QUEUE
        line.plays = len(plays)
        for to, clips in plays:
            token = next(self._tokens)
            self._playing[token] = line
            try:
                self._call.play(to, clips, mode, token)
            except EngineError as error:  # the far end has just gone, or too much is waiting to be said
                self.stopped(token)
                counters.add("prompt_failed")
                _log.warning("prompt not played", prompt=line.prompt, error=str(error))

    async def _spoken(self, line: _Line) -> list[Clip]:
        prompter = self._services.prompter
        sounds = await asyncio.to_thread(prompter.sounds, line.prompt, line.language, **line.values)
        line.as_meant = not any(isinstance(sound, Path) and prompter.is_tone(sound) for sound in sounds)
        return [self._services.clips.load(sound) for sound in sounds]

    async def _typed(self, line: _Line) -> list[Clip]:
        """As tones that a text telephone prints: over a talk, the engine waits with it until nobody types."""
        text = self._services.prompter.text(line.prompt, line.language, **line.values)
        tones = np.frombuffer(await asyncio.to_thread(typed, text), np.int16)
        return [self._services.clips.load(to_rate(tones, 8000))]
