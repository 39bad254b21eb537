"""Makes a verb of each operation: its options from the request's fields, its output from the answer."""

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.output import UsageError, answer
from kinline.cli.showing import shown
from kinline.cli.site import at_desk, read_secret
from kinline.operations.fields import Argument, FileText, Hidden, Option
from kinline.operations.operation import Operation, of_noun, perform
from kinline.people.sheet import SheetError, decoded

_POSITION = inspect.Parameter.POSITIONAL_OR_KEYWORD
_OWN = ("config", "acting", "as_json")


def group_of(noun: str) -> typer.Typer:
    """A noun's group, with a verb for each operation that has one."""
    group = typer.Typer(no_args_is_help=True)
    for wanted in of_noun(noun):
        if wanted.verb:
            group.command(wanted.name.partition(".")[2])(verb(wanted))
    return group


@dataclass(frozen=True)
class _Field:
    """A request's field as the command line sees it."""

    name: str
    info: FieldInfo

    @property
    def key(self) -> str:
        return self.info.alias or self.name

    def marker(self, kind: type) -> Any:
        return next((item for item in self.info.metadata if isinstance(item, kind)), None)

    @property
    def place(self) -> str:
        """How errors name it."""
        if position := self.marker(Argument) or self.marker(FileText):
            return str(position.metavar)
        if hidden := self.marker(Hidden):
            return f"the {hidden.what.upper()}"
        option = self.marker(Option)
        return (option.name if option else None) or f"--{self.key.replace('_', '-')}"

    def parameters(self) -> list[inspect.Parameter]:
        if self.name == "facility":
            return [_parameter("facility", Facility, None)]
        if hidden := self.marker(Hidden):
            return _hidden_parameters(hidden, optional=not self.info.is_required())
        position = self.marker(Argument) or self.marker(FileText)
        kind = self.kind()
        required = self.info.is_required()
        default = inspect.Parameter.empty if required else self._default(kind)
        about: dict[str, Any] = {"help": self.info.description, "show_default": default not in (None, False, "")}
        if position:
            return [_parameter(self.name, _optional(kind, required), default, typer.Argument(metavar=self.place, **about))]
        if choices := _choices(self.info.annotation):
            about["metavar"] = f"<{'|'.join(choices)}>"
        names = f"{self.place}/--no-{self.place[2:]}" if kind is bool and default is not False else self.place
        return [_parameter(self.name, _optional(kind, required), default, typer.Option(names, **about))]

    def kind(self) -> Any:
        """The type by which Typer asks."""
        option = self.marker(Option)
        if option and option.read:
            return str if _kind(self.info.annotation) != list[str] else list[str]
        return _kind(self.info.annotation)

    def _default(self, kind: Any) -> Any:
        """The default as the help shows it; None where the request knows better."""
        value = self.info.default
        return value if isinstance(value, kind if isinstance(kind, type) else str) else None

    def value(self, given: Mapping[str, Any], unseen: Mapping[str, str]) -> Any:
        """What was typed, as the request wants it; None if nothing was."""
        if self.name in unseen:
            return unseen[self.name]
        typed = given.get(self.name)
        if typed is None or typed == []:
            return None
        if self.marker(FileText):
            return _text_of(str(typed))
        option = self.marker(Option)
        if option is None or option.read is None:
            return typed
        try:
            return [option.read(text) for text in typed] if isinstance(typed, list) else option.read(typed)
        except ValueError as error:
            raise UsageError(f"{self.place}: {error}") from error


def verb(wanted: Operation) -> Any:
    """The function that the command runs, with the signature that Typer reads."""
    fields = [_Field(name, info) for name, info in wanted.request.model_fields.items()]

    def run(**given: Any) -> None:
        with at_desk(given["config"], given["acting"]) as desk:
            unseen = {field.name: text for field in fields if (text := _unseen(field, given)) is not None}
            values = {field.key: value for field in fields if (value := field.value(given, unseen)) is not None}
            result = perform(desk, wanted, request_of(wanted.request, values, {f.key: f.place for f in fields}))
        answer(wanted.as_json(result), given["as_json"], lambda: shown(wanted, result))
        if not wanted.ended_well(result):
            raise typer.Exit(1)

    parameters = [parameter for field in fields for parameter in field.parameters()]
    parameters += [
        _parameter("config", Config, DEFAULT_CONFIG),
        _parameter("acting", As, None),
        _parameter("as_json", Json, False),
    ]
    # What has a place comes first, then what must be named: a signature may not put a default before neither.
    parameters.sort(key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = wanted.summary
    run.__name__ = wanted.name.replace(".", "_").replace("-", "_")
    return run


def request_of(model: type[BaseModel], values: Mapping[str, Any], places: Mapping[str, str]) -> Any:
    """Check what was typed. Raises UsageError with a line for each fault, naming the option or argument."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise UsageError("\n".join(_fault(item, places) for item in error.errors(include_url=False))) from error


def _fault(item: Any, places: Mapping[str, str]) -> str:
    place = places.get(str(item["loc"][0]), str(item["loc"][0])) if item["loc"] else "the request"
    if item["type"] == "value_error":
        return f"{place}: {item['ctx']['error']}"
    if item["type"] == "missing":
        return f"{place} is missing; add it"
    return f"{place}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _unseen(field: _Field, given: Mapping[str, Any]) -> str | None:
    hidden = field.marker(Hidden)
    if hidden is None or given.get(f"no_{hidden.what}"):
        return None
    return read_secret(hidden.what, given[f"{hidden.what}_stdin"])


def _hidden_parameters(hidden: Hidden, optional: bool) -> list[inspect.Parameter]:
    what, shout = hidden.what, hidden.what.upper()
    skip = typer.Option(f"--no-{what}", help=f"Give the {shout} later.", show_default=False)
    from_stdin = typer.Option(f"--{what}-stdin", help=f"Read the {shout} from standard input.", show_default=False)
    return [
        *([_parameter(f"no_{what}", bool, False, skip)] if optional else []),
        _parameter(f"{what}_stdin", bool, False, from_stdin),
    ]


def _parameter(name: str, kind: Any, default: Any, about: Any = None) -> inspect.Parameter:
    annotation = kind if about is None else Annotated[kind, about]
    return inspect.Parameter(name, _POSITION, default=default, annotation=annotation)


def _optional(kind: Any, required: bool) -> Any:
    return kind if required or kind is bool else kind | None


def _kind(annotation: Any) -> Any:
    """The type by which Typer asks for a field: the request's own check does the rest."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _kind(next(part for part in get_args(annotation) if part is not NoneType))
    if origin is Literal:
        return annotation
    if origin is list:
        return list[str]
    return annotation if annotation in (bool, int) else str


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words that a list's items are chosen from, which Typer cannot ask for."""
    items = get_args(annotation) if get_origin(annotation) is list else ()
    return get_args(items[0]) if items and get_origin(items[0]) is Literal else ()


def _text_of(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}; name another file, or -") from error
    try:
        return decoded(content, file)
    except SheetError as error:
        raise UsageError(str(error)) from error
