"""What is said: prompts by id and language, as parts that are fixed or vary from call to call."""

import dataclasses
import re
import string
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, get_args

from kinline.people.names import SpokenName
from kinline.prompts import speakers
from kinline.prompts.speakers import LANGUAGES, Lang
from kinline.rules.reasons import REASONS

PartKind = Literal["fixed", "value", "voice"]

NEXT_ALLOWED = "next_allowed"
_OPTIONAL = re.compile(r"\[([^][]*)\]")


class PromptError(ValueError):
    """A prompt that does not exist, or lacks a value; the text names both."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt: text to say; `sound` is a person's own voice that says it, 16-bit mono at 16 kHz.

    Fixed pieces are counted by `place` from 1 through the whole prompt, also over those that are left out this time; a
    mere sign between two values has none.
    """

    kind: PartKind
    lang: Lang
    text: str
    sound: bytes = dataclasses.field(default=b"", repr=False)
    place: int = 0


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

    What stands in brackets is left out if one of its values is None or not given. Raises PromptError for an unknown
    prompt or language, or another value that is missing or of the wrong kind.
    """
    prompt = catalogue().get(prompt_id)
    if prompt is None or lang not in get_args(Lang):
        raise PromptError(f"there is no prompt {prompt_id!r} in language {lang!r}")
    prompts = [(prompt, spoken) for spoken in prompt.order or (lang,)]
    if prompt_id.startswith("denied_") and values.get("next_at") is not None:
        prompts.append((catalogue()[NEXT_ALLOWED], lang))
    parts: list[Part] = []
    place = 0
    for each, spoken in prompts:
        for piece in _pieces(each.texts[spoken]):
            said = not piece.optional or all(values.get(field) is not None for field in piece.fields)
            for literal, field, kind in piece.parsed:
                words = any(sign.isalnum() for sign in literal)
                place += words
                if literal and said:
                    parts.append(Part("fixed", spoken, literal, place=place if words else 0))
                if field is not None and said:
                    parts.append(_value(each.id, spoken, field, kind or "text", values))
    return parts


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a text that is said as a whole or, where it is optional, not at all."""

    parsed: tuple[tuple[str, str | None, str | None], ...]
    optional: bool

    @property
    def fields(self) -> list[str]:
        return [field for _, field, _ in self.parsed if field is not None]


def _pieces(text: str) -> Iterator[_Piece]:
    for number, stretch in enumerate(_OPTIONAL.split(text)):
        parsed = tuple((literal.strip(), field, kind) for literal, field, kind, _ in string.Formatter().parse(stretch))
        yield _Piece(parsed, optional=number % 2 == 1)


def _value(prompt_id: str, lang: Lang, field: str, kind: str, values: Mapping[str, Any]) -> Part:
    if field not in values:
        raise PromptError(f"the prompt {prompt_id} needs a value for {field!r}")
    value = values[field]
    try:
        if kind == "name" and isinstance(value, SpokenName):
            return Part("voice", lang, _text(value.text, lang), value.sound)
        if kind == "moment":
            return Part("value", lang, speakers.moment(value, values["now"], lang))
        if kind == "prompt":
            return Part("value", lang, " ".join(part.text for part in sentence(value, lang)))
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
    "cost": speakers.cost,
    "duration": speakers.duration,
}


def spoken_text(parts: list[Part]) -> str:
    """The parts as one line of text, as a person would read it."""
    line = " ".join(part.text for part in parts)
    for sign in ".,":
        line = line.replace(f" {sign}", sign)
    return line[:1].upper() + line[1:]
