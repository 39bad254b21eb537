"""The kinds of values that requests are made of, and how the command line asks for them.

A kind's check says what is wrong in words; its pattern stands in the API's document for programs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from kinline.accounts.pins import check_pin
from kinline.rules.model import Window
from kinline.rules.numbers import to_e164


@dataclass(frozen=True, slots=True)
class Argument:
    """On the command line this field has its place instead of a name."""

    metavar: str


@dataclass(frozen=True, slots=True)
class Option:
    """On the command line this field has another name than its own, or `read` makes its value of what was typed.

    `read` raises ValueError saying what to write.
    """

    name: str | None = None
    read: Callable[[str], Any] | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """The command line asks for this field at the terminal, unseen, or takes a line of standard input.

    `what` names it in the question and in --WHAT-stdin; an optional one can be left out with --no-WHAT.
    """

    what: str


@dataclass(frozen=True, slots=True)
class FileText:
    """The command line reads this field's text, UTF-8, from the file that is named (- for standard input)."""

    metavar: str = "FILE"


@dataclass(frozen=True)
class Matching:
    """A kind of text: a whole match of `pattern`, at most `longest` characters; `advice` ends "'x' is not …"."""

    pattern: str
    advice: str
    longest: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        whole = re.compile(self.pattern)

        def check(value: str) -> str:
            if len(value) > self.longest or not whole.fullmatch(value):
                raise ValueError(f"{_shown(value)} is not {self.advice}")
            return value

        return no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^{self.pattern}$", "maxLength": self.longest}


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:60] + "…")


def telephone_number(text: str) -> str:
    """A number as people write it, in E.164. Raises ValueError."""
    full = to_e164("".join(sign for sign in text if sign not in " ()-."))
    if full is None:
        raise ValueError(f"{_shown(text)} is not a telephone number; write it as dialled, or in full as +12025550123")
    return full


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{_shown(name)} is not a time zone; write for example America/New_York") from error
    return name


def _window(text: str) -> str:
    start, dash, end = text.partition("-")
    return str(Window.parse(start, end if dash else ""))


def yes_or_no(text: str) -> bool:
    """What was typed for something that is so or not. Raises ValueError."""
    if text.lower() not in ("yes", "no"):
        raise ValueError(f"{_shown(text)} is neither yes nor no")
    return text.lower() == "yes"


def window_of(text: str) -> Window:
    """The window that a checked text names."""
    return Window.parse(*text.split("-"))


def _text_of_a_moment(value: object) -> object:
    if not isinstance(value, (str, datetime)):
        raise ValueError("a moment is text such as 2026-03-02T08:00:00-05:00")
    return value


def _pin(value: SecretStr) -> SecretStr:
    check_pin(value.get_secret_value())
    return value


# Anything that can be printed on one line: databases and logs stumble over the rest.
_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"

FacilityCode = Annotated[
    str, Matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a facility's code; it has letters, digits and hyphens", 40)
]
UnitName = Annotated[str, Matching(rf"{_LINE}+", "a living unit's name; write it in one line of up to 60 characters", 60)]
InmateNumber = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9-]*", "an inmate's number; it has letters, digits and hyphens", 20)]
DeviceId = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a handset's id; it has letters, digits and hyphens", 60)]
PersonName = Annotated[str, Matching(rf"{_LINE}+", "a name; write it in one line of up to 200 characters", 200)]
Label = Annotated[str, Matching(rf"{_LINE}*", "a label; write it in one line of up to 100 characters", 100)]
Note = Annotated[str, Matching(rf"{_LINE}+", "a reason; write it in one line of up to 400 characters", 400)]
ProfileName = Annotated[str, Matching(r"[a-z0-9-]+", "a profile's name; it has lower-case letters, digits and hyphens", 60)]

TelephoneNumber = Annotated[
    str,
    AfterValidator(telephone_number),
    WithJsonSchema({"type": "string", "pattern": r"^\+?[0-9 ().-]+$", "minLength": 3, "maxLength": 30}),
]
TimeZone = Annotated[str, AfterValidator(_zone), Field(max_length=60)]
WindowText = Annotated[
    str,
    AfterValidator(_window),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-4]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$", "maxLength": 11}),
]
Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_text_of_a_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Pin = Annotated[
    SecretStr,
    AfterValidator(_pin),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True, "pattern": "^[0-9]{4,8}$"}),
]
AtFacility = Annotated[
    FacilityCode | None,
    Field(description="The facility; without it, the staff member's, or that of the settings."),
]
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
