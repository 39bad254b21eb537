"""Prompts as the engine plays them: sound files loaded once, kept while they are in use often."""

import hashlib
from collections import OrderedDict
from pathlib import Path

from kinline.media import Clip, Engine, EngineError
from kinline.prompts.sound import Samples, read_wav

KEPT = 256  # a whole catalogue in two languages is under 150 clips of a few seconds, 48 kB a second


class Clips:
    """Loads and frees the engine's clips; for the event loop's thread only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loaded: OrderedDict[tuple[Path, int] | bytes, Clip] = OrderedDict()

    def load(self, sound: Path | Samples) -> Clip:
        """The clip of this sound file, or of these samples. Raises SoundError, OSError or EngineError naming the file."""
        key: tuple[Path, int] | bytes
        key = (sound, sound.stat().st_mtime_ns) if isinstance(sound, Path) else hashlib.sha256(sound.tobytes()).digest()
        if key not in self._loaded:
            samples = read_wav(sound) if isinstance(sound, Path) else sound
            self._loaded[key] = self._engine.load_clip(samples.tobytes())
            self._forget_oldest()
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def _forget_oldest(self) -> None:
        while len(self._loaded) > KEPT:
            key, clip = self._loaded.popitem(last=False)
            try:
                clip.free()
            except EngineError:  # being played: keep it for another round
                self._loaded[key] = clip
                return
