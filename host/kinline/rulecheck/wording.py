"""A model's or a schema's complaint in plain words, with the next step."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic_core import ErrorDetails

from kinline.rules.profile import Profile
from kinline.rules.schema import EXTENDS
from kinline.rules.sense import Path

_TYPES = {
    "int_type": "a whole number, without quotes or a point",
    "string_type": 'text in quotes, for example "prison"',
    "bool_type": "true or false, without quotes",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table, for example { social = 900 }",
    "dataclass_type": "a table, for example [call_length]",
    "date_type": "a date, for example 2026-01-31",
}
_PATTERNS = {
    "number": "a number in E.164 form: a plus sign, the country code and the number, for example +12025550123",
    "third_party_services": "the beginning of a number in E.164 form, for example +1900",
    "accept": "one key of a telephone: 0 to 9, * or #",
    "refuse": "one key of a telephone: 0 to 9, * or #",
    "quote": "one key of a telephone: 0 to 9, * or #",
    "block": "one key of a telephone: 0 to 9, * or #",
    "from": "a day of the year as MM-DD, for example 11-01",
    "until": "a day of the year as MM-DD, for example 12-31",
    "state": "a state's two letters, for example CT",
    "home_regions": "a country's two letters, for example US",
    "dial": "a short code of one to four digits",
    "url": "an address that begins with https:// or http://",
}
_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_argument")


def path_of(error: ErrorDetails) -> Path:
    """The path of the key in the file; pydantic marks a mapping's bad key by a part of its own."""
    return tuple(part for part in error["loc"] if part != "[key]")


def is_unknown_key(error: ErrorDetails) -> bool:
    return error["type"] in _UNKNOWN or "[key]" in error["loc"]


def in_words(error: ErrorDetails) -> str:
    path, kind = path_of(error), error["type"]
    named = [part for part in path if isinstance(part, str)]
    last = named[-1] if named else ""
    context = error.get("ctx", {})
    if kind in _UNKNOWN:
        return _unknown(last, _known_keys(path[:-1]))
    if kind in _MISSING:
        return _missing(last, len(path))
    if kind == "literal_error":
        return f"{_shown(error['input'])} is not known here; write {context.get('expected', 'another value')}"
    if kind == "greater_than_equal" or kind == "greater_than":
        least = context.get("ge", context.get("gt", 0) + 1)
        return f"{_shown(error['input'])} is too small; the least is {least}"
    if kind == "less_than_equal":
        return f"{_shown(error['input'])} is too large; the most is {context.get('le')}"
    if kind == "string_too_short":
        return "is empty; say in a few words where the rule comes from" if last == "source" else "is empty; write something"
    if kind == "string_pattern_mismatch" and last in _PATTERNS:
        return f"{_shown(error['input'])} is not {_PATTERNS[last]}"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind in _TYPES or kind.startswith(("date_", "int_")):
        wanted = _TYPES.get(kind) or _TYPES["date_type" if kind.startswith("date_") else "int_type"]
        return f"{_shown(error['input'])} is of the wrong type; write {wanted}"
    return error["msg"]


def _missing(key: str, depth: int) -> str:
    if key == "source":
        return 'no source: say who made this rule, source = "..."'
    if key == "effective":
        return "no effective date: say from which day this rule holds, effective = 2026-01-31"
    if depth == 1:
        return f'{key} is missing; write it, or extend a profile that has it, extends = "generic"'
    return f"{key} is missing; write it"


def _unknown(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(key, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}" if names else "remove it"
    return f"unknown key {key}; {hint}"


def _known_keys(path: Path) -> list[str]:
    owner: Any = Profile
    for part in path:
        if isinstance(part, int):
            continue
        owner = next((_rule_class(field.type) for field in fields(owner) if part in (field.name, _alias(field.type))), None)
        if owner is None:
            return []
    keys = list(TypeAdapter(owner).json_schema()["properties"])
    return [EXTENDS, *(key for key in keys if key != "name")] if owner is Profile else keys


def _rule_class(annotation: Any) -> Any:
    if is_dataclass(annotation):
        return annotation
    return next((found for part in get_args(annotation) if (found := _rule_class(part)) is not None), None)


def _alias(annotation: Any) -> str | None:
    return next((part.alias for part in getattr(annotation, "__metadata__", ()) if getattr(part, "alias", None)), None)


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
