"""Prompts as sound files: the site's own recordings first, synthesis for the rest, a tone when all fails."""

import hashlib
import os
import re
import subprocess
import tempfile
import unicodedata
import wave
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from kinline import logs
from kinline.counters import Counters, counters
from kinline.prompts.catalogue import Part, PromptError, catalogue, sentence, spoken_text
from kinline.prompts.sound import (
    Samples,
    SoundError,
    for_telephone,
    read_wav,
    silence,
    tone,
    write_wav,
)
from kinline.prompts.speakers import LANGUAGES, Lang

_VOICES: dict[Lang, str] = {"en": "en-us", "es": "es-419"}
# Slower and a little lower than espeak-ng's defaults: easier to follow over a telephone.
_SPEECH_FLAGS = ("-s", "140", "-p", "45", "-b", "1", "--stdin")
_SYNTHESIS_TIMEOUT_SECONDS = 10.0
_GAP_SECONDS = 0.12
_TONE = "tone.wav"
# At about 200 KB a sentence this bounds the folder at some 100 MB a language.
_PASSING_KEPT = 500
# Part of every cache key: a change here, in the flags or in the filter, makes new files.
_RECIPE = "1"


class SynthesisError(RuntimeError):
    """espeak-ng is missing or failed; the text says what to do."""


class Prompter:
    """Answers with a 16-bit mono 16 kHz WAV for every prompt. Safe to use from several threads.

    Nothing here raises on a call's way: what fails is logged and counted, and something is heard.
    """

    def __init__(
        self,
        cache_dir: Path,
        site_dir: Path | None = None,
        counted: Counters = counters,
        espeak: str = "espeak-ng",
    ) -> None:
        self._cache = cache_dir
        self._site = site_dir
        self._counters = counted
        self._espeak = espeak
        self._log = logs.log(part="prompts")

    def wav(self, prompt_id: str, lang: Lang, **values: Any) -> Path:
        """The sound of a prompt, names read out by the synthesis."""
        try:
            parts = sentence(prompt_id, lang, **values)
        except PromptError as error:
            return self._failed("prompt_unknown", error)
        return self._site_whole(prompt_id, lang, parts) or self._made(prompt_id, lang, parts)

    def sounds(self, prompt_id: str, lang: Lang, **values: Any) -> list[Path | Samples]:
        """The sound of a prompt in pieces, one after another: files, and between them the voices of persons.

        A voice goes into no file: what staff erase is then nowhere.
        """
        try:
            parts = sentence(prompt_id, lang, **values)
        except PromptError as error:
            return [self._failed("prompt_unknown", error)]
        if all(part.kind != "voice" for part in parts):
            return [self.wav(prompt_id, lang, **values)]
        pieces: list[Path | Samples] = []
        for is_voice, grouped in groupby(parts, key=lambda part: part.kind == "voice"):
            run = list(grouped)
            if is_voice:
                pieces += [np.concatenate([silence(_GAP_SECONDS), _voice(part), silence(_GAP_SECONDS)]) for part in run]
            elif any(sign.isalnum() for part in run for sign in part.text):  # a mere full stop is not spoken
                pieces.append(self._made(prompt_id, lang, run))
        return pieces

    def text(self, prompt_id: str, lang: Lang, **values: Any) -> str:
        """A prompt for a text telephone, in characters that it has: the one written for it, or the spoken one's words."""
        typed = f"{prompt_id}_typed"
        try:
            words = spoken_text(sentence(typed if typed in catalogue() else prompt_id, lang, **values))
        except PromptError as error:
            self._note("prompt_unknown", error)
            return ""
        plain = unicodedata.normalize("NFKD", words).replace("\u00bf", "").replace("\u00a1", "")
        return "".join(sign for sign in plain if not unicodedata.combining(sign)).encode("ascii", "replace").decode()

    def say(self, text: str, lang: Lang) -> Path:
        """The sound of free text."""
        return self._made("", lang, [Part("value", lang, text)])

    @staticmethod
    def is_tone(file: Path) -> bool:
        """Whether this is the tone that is heard where words could not be made."""
        return file.name == _TONE or file.name == _temporary_name(tone())

    def warm(self) -> int:
        """Make every prompt that has no values, so that the first call does not wait; how many there are."""
        made = 0
        for prompt_id in catalogue():
            for lang in LANGUAGES:
                try:
                    parts = sentence(prompt_id, lang)
                except PromptError:
                    continue
                if all(part.kind == "fixed" for part in parts):
                    self.wav(prompt_id, lang)
                    made += 1
        return made

    # The site's own recordings

    def _site_whole(self, prompt_id: str, lang: Lang, parts: Sequence[Part]) -> Path | None:
        """`<lang>/<id>.wav`, for a prompt without values."""
        if any(part.kind != "fixed" for part in parts):
            return None
        file = self._site_file(lang, prompt_id)
        samples = self._site_sound(file) if file else None
        if file is None or samples is None:
            return None
        stat = file.stat()
        made = self._cache / lang / f"{_key('site', str(file), str(stat.st_mtime_ns), str(stat.st_size))}.wav"
        return self._stored(made, samples)

    def _site_pieces(self, prompt_id: str, lang: Lang, parts: Sequence[Part]) -> dict[int, Samples]:
        """`<lang>/<id>.1.wav`, `.2.wav`, …: the fixed parts of a prompt with values; all that are said now, or none."""
        pieces: dict[int, Samples] = {}
        for index, part in enumerate(parts):
            if not part.place:
                continue
            file = self._site_file(lang, f"{prompt_id}.{part.place}")
            samples = self._site_sound(file) if file else None
            if samples is None:
                return {}
            pieces[index] = samples
        return pieces

    def _site_file(self, lang: Lang, stem: str) -> Path | None:
        file = self._site / lang / f"{stem}.wav" if self._site and stem else None
        return file if file and file.is_file() else None

    def _site_sound(self, file: Path) -> Samples | None:
        try:
            return read_wav(file)
        except SoundError as error:
            self._note("prompt_site_file_bad", error)
            return None

    # Synthesis

    def _made(self, prompt_id: str, lang: Lang, parts: list[Part]) -> Path:
        pieces = self._site_pieces(prompt_id, lang, parts) if self._site else {}
        signs = [f"{part.kind}|{part.lang}|{part.text}" for part in parts]
        heard = [str(hash_of(samples)) for samples in pieces.values()]
        # Amounts, times and names never end: what they make is kept apart, and only the latest of it.
        passing = any(part.kind != "fixed" for part in parts)
        folder = self._cache / lang / "passing" if passing else self._cache / lang
        file = folder / f"{_key(self._espeak, *_SPEECH_FLAGS, *signs, *heard)}.wav"
        if file.is_file():
            return _used(file)
        try:
            made = self._stored(file, self._assembled(parts, pieces))
            if passing:
                _keep_latest(folder, _PASSING_KEPT)
            return made
        except (SynthesisError, OSError) as error:
            return self._failed("prompt_synthesis_failed", error)

    def _assembled(self, parts: list[Part], pieces: dict[int, Samples]) -> Samples:
        sounds: list[Samples] = []
        if pieces:
            for index, part in enumerate(parts):
                if part.kind != "fixed" or index in pieces:
                    sounds += [pieces[index] if index in pieces else self._spoken(part.text, part.lang), silence(_GAP_SECONDS)]
        else:
            # Neighbouring words of one language are one utterance: it keeps the sentence's melody.
            for lang, run in groupby(parts, key=lambda part: part.lang):
                sounds += [self._spoken(_line(run), lang), silence(_GAP_SECONDS)]
        return np.concatenate(sounds[:-1]) if sounds else silence(_GAP_SECONDS)

    def _spoken(self, text: str, lang: Lang) -> Samples:
        # Two brackets would switch espeak-ng to phonemes; control characters mean nothing to a listener.
        clean = re.sub(r"[\x00-\x1f\x7f\[\]<>]", " ", text).strip()
        if not clean:
            return silence(_GAP_SECONDS)
        with tempfile.TemporaryDirectory(prefix="kinline-prompt-") as folder:
            raw = Path(folder) / "speech.wav"
            command = [self._espeak, "-v", _VOICES[lang], *_SPEECH_FLAGS, "-w", str(raw)]
            try:
                subprocess.run(
                    command,
                    input=clean.encode(),
                    check=True,
                    capture_output=True,
                    timeout=_SYNTHESIS_TIMEOUT_SECONDS,
                )
                with wave.open(str(raw), "rb") as source:
                    rate = source.getframerate()
                    samples = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2").astype(np.int16)
            except FileNotFoundError as error:
                raise SynthesisError(f"{self._espeak} is missing; install it with: apt install espeak-ng") from error
            except (subprocess.SubprocessError, wave.Error, EOFError) as error:
                raise SynthesisError(f"{self._espeak} failed: {error}") from error
        return for_telephone(samples, rate)

    def _stored(self, file: Path, samples: Samples) -> Path:
        try:
            write_wav(file, samples)
        except OSError as error:
            if file.is_file():
                return file
            self._note("prompt_cache_unwritable", error)
            return _in_temporary(samples)
        return file

    def _failed(self, counter: str, error: Exception) -> Path:
        self._note(counter, error)
        return self._stored(self._cache / _TONE, tone())

    def _note(self, counter: str, error: Exception) -> None:
        self._counters.add(counter)
        self._log.warning(counter, reason=str(error))


def _voice(part: Part) -> Samples:
    return np.frombuffer(part.sound, "<i2").astype(np.int16)


def _line(run: Any) -> str:
    words = " ".join(part.text for part in run)
    return re.sub(r"\s+([.,])", r"\1", words)


def _key(*signs: str) -> str:
    return hashlib.sha256("\x1f".join((_RECIPE, *signs)).encode()).hexdigest()[:32]


def hash_of(samples: Samples) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


def _used(file: Path) -> Path:
    """Mark a file as used now, so that it outlives those that nobody asks for."""
    with suppress(OSError):
        os.utime(file)
    return file


def _keep_latest(folder: Path, count: int) -> None:
    """Remove the files used longest ago beyond `count`; whoever plays one has it open or in memory."""
    with suppress(OSError):
        files = sorted(folder.glob("*.wav"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in files[count:]:
            file.unlink(missing_ok=True)


def _in_temporary(samples: Samples) -> Path:
    """A last place for a prompt when the cache cannot be written; one file a sound, so it does not grow."""
    file = Path(tempfile.gettempdir()) / _temporary_name(samples)
    write_wav(file, samples)
    return file


def _temporary_name(samples: Samples) -> str:
    return f"kinline-prompt-{hash_of(samples)[:32]}.wav"
