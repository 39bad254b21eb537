"""What is said: prompts by id and language, as parts that are fixed or vary from call to call."""

import string
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from kinline.prompts import speakers
from kinline.prompts.speakers import LANGUAGES, Lang
from kinline.rules.reasons import REASONS

PartKind = Literal["fixed", "value", "clip"]

NEXT_ALLOWED = "next_allowed"
# The called party's keys where neither the profile nor the site has others.
STANDING_VALUES: Mapping[str, Any] = {"accept": "1", "refuse": "2", "quote": "3", "block": "9"}


class PromptError(ValueError):
    """A prompt that does not exist, or lacks a value; the text names both."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt: text to say, or the clip at `path`."""

    kind: PartKind
    lang: Lang
    text: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    id: str
    texts: Mapping[Lang, str]
    order: tuple[Lang, ...] | None = None


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Prompt]:
    """Every prompt by its id."""
    source = (resources.files("kinline.prompts") / "texts.toml").read_text(encoding="utf-8")
    prompts = {
        id: Prompt(id, {lang: texts[lang] for lang in LANGUAGES}, tuple(texts["order"]) if "order" in texts else None)
        for id, texts in tomllib.loads(source).items()
    }
    for rule, reason in REASONS.items():
        prompts[f"denied_{rule}"] = Prompt(f"denied_{rule}", {lang: reason[lang] for lang in LANGUAGES})
    return prompts


def sentence(prompt_id: str, lang: Lang, **values: Any) -> list[Part]:
    """The parts of a prompt, in order. A refusal said with `next_at` goes on with when calling is allowed again.

    Raises PromptError for an unknown prompt or language, or a value that is missing or of the wrong kind.
    """
    prompt = catalogue().get(prompt_id)
    if prompt is None or lang not in get_args(Lang):
        raise PromptError(f"there is no prompt {prompt_id!r} in language {lang!r}")
    known = {**STANDING_VALUES, **values}
    parts = [part for spoken in prompt.order or (lang,) for part in _parts(prompt, spoken, known)]
    if prompt_id.startswith("denied_") and values.get("next_at") is not None:
        parts += _parts(catalogue()[NEXT_ALLOWED], lang, known)
    return parts


def _parts(prompt: Prompt, lang: Lang, values: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = []
    for literal, field, kind, _ in string.Formatter().parse(prompt.texts[lang]):
        if literal.strip():
            parts.append(Part("fixed", lang, literal.strip()))
        if field is not None:
            parts.append(_value(prompt.id, lang, field, kind or "text", values))
    return parts


def _value(prompt_id: str, lang: Lang, field: str, kind: str, values: Mapping[str, Any]) -> Part:
    if field not in values:
        raise PromptError(f"the prompt {prompt_id} needs a value for {field!r}")
    value = values[field]
    try:
        if kind == "name" and isinstance(value, Path):
            return Part("clip", lang, "", value)
        if kind == "moment":
            return Part("value", lang, speakers.moment(value, values["now"], lang))
        return Part("value", lang, _SPEAKERS[kind](value, lang))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise PromptError(f"the prompt {prompt_id} cannot say {field}={value!r} as {kind}: {error}") from error


def _text(value: object, _lang: Lang) -> str:
    return " ".join(str(value).split())


_SPEAKERS: Mapping[str, Callable[[Any, Lang], str]] = {
    "name": _text,
    "text": _text,
    "number": speakers.number,
    "digits": speakers.digits,
    "key": speakers.key,
    "money": speakers.money,
    "price": speakers.price,
    "duration": speakers.duration,
}


def spoken_text(parts: list[Part]) -> str:
    """The parts as one line of text, as a person would read it."""
    line = " ".join(part.text or "(recorded name)" for part in parts)
    for sign in ".,":
        line = line.replace(f" {sign}", sign)
    return line[:1].upper() + line[1:]
