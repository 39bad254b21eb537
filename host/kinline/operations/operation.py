"""How an operation is declared, found and carried out."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from kinline.counters import counters
from kinline.operations.desk import Desk
from kinline.operations.nouns import NOUNS
from kinline.operations.roles import ROLES, Forbidden, Role, widened

_NAME = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")


class _Request(BaseModel):
    """A request with a field `facility` is for that facility; one without it is for staff of the whole site, unless
    it `concerns_nobody`: no inmate, place, account or record. Staff of one living unit ask by an `inmate`, `handset` or
    `unit` of theirs, unless the operation `keeps_to_unit` itself.
    """

    concerns_nobody: ClassVar[bool] = False
    keeps_to_unit: ClassVar[bool] = False


class Question(_Request):
    """A request that changes nothing: GET over HTTP, so its fields come as text and are read leniently."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Order(_Request):
    """A request that changes something, or leaves a row in the audit log: POST over HTTP, as JSON of the exact types."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=True)


class Answer(BaseModel):
    """What comes back. Can be made of whatever has attributes of the same names."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, from_attributes=True)


@dataclass(frozen=True)
class Sound:
    """An answer that is heard: a WAV file in pieces. Sent as audio/wav over HTTP, played by the command."""

    wav: Iterable[bytes]


_R = TypeVar("_R", bound=Question | Order)
_A = TypeVar("_A")


@dataclass(frozen=True)
class Operation:
    """One declared operation. `answer` is an Answer or a list of them; `example` is a request in its JSON form."""

    name: str
    request: type[Question] | type[Order]
    answer: Any
    run: Callable[[Desk, Any], Any]
    roles: frozenset[Role]
    summary: str
    example: Mapping[str, Any]
    tell: str | Callable[[Any], str] | None
    empty: str
    ended_well: Callable[[Any], bool]
    over_http: bool
    verb: bool

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]

    @property
    def changes(self) -> bool:
        return issubclass(self.request, Order)

    def as_json(self, answer: Any) -> Any:
        """The answer as JSON's own types, under its outside names."""
        return _adapter(self.answer).dump_python(answer, mode="json", by_alias=True)

    def told(self, answer: Any) -> str | None:
        """The answer as a sentence, where the operation has one."""
        return self.tell(answer) if callable(self.tell) else self.tell.format_map(dict(answer)) if self.tell else None


_declared: dict[str, Operation] = {}


def operation(
    name: str,
    *,
    roles: Iterable[Role],
    example: Mapping[str, Any],
    tell: str | Callable[[Any], str] | None = None,
    empty: str = "There is nothing to list.",
    ended_well: Callable[[Any], bool] = lambda answer: True,
    over_http: bool = True,
    verb: bool = True,
) -> Callable[[Callable[[Desk, _R], _A]], Callable[[Desk, _R], _A]]:
    """Declare a function of (desk, request) as an operation; its annotations and docstring say the rest.

    name: "noun.verb", from which come `kinline noun verb` and /api/noun/verb. The noun, and that this module declares
        operations of it, stands in `kinline.operations.nouns`.
    roles: who may. A counselor's operation is a supervisor's too, a Question is an auditor's too; nobody: the host's
        own command line only.
    example: a request that works at the small site of the tests; it is shown in the API's document and tried there.
    tell: the answer in words, as a template of its fields or a function; without it: a table.
    empty: what is said instead of an empty list.
    ended_well: whether the command exits with 0 (else 1).
    over_http, verb: False where the API, or the generated command, has no place for it.
    """

    def declare(run: Callable[[Desk, _R], _A]) -> Callable[[Desk, _R], _A]:
        if not _NAME.fullmatch(name):
            raise ValueError(f'{name!r} is no name for an operation; write "noun.verb"')
        if name in _declared:
            raise ValueError(f"the operation {name} is declared twice")
        hints = get_type_hints(run, include_extras=True)
        request = hints["request"]
        _declared[name] = Operation(
            name=name,
            request=request,
            answer=hints["return"],
            run=run,
            roles=widened(roles, changes=issubclass(request, Order)) if roles else frozenset(),
            summary=(run.__doc__ or "").strip(),
            example=example,
            tell=tell,
            empty=empty,
            ended_well=ended_well,
            over_http=over_http,
            verb=verb,
        )
        return run

    return declare


@cache
def catalogue() -> Mapping[str, Operation]:
    """Every operation by name."""
    return {wanted.name: wanted for noun in sorted(NOUNS) for wanted in of_noun(noun)}


def of_noun(noun: str) -> list[Operation]:
    """A noun's operations by name; no module is imported that declares none of them."""
    for module in NOUNS[noun].modules:
        import_module(f"{__package__}.{module}")
    return sorted((wanted for wanted in _declared.values() if wanted.noun == noun), key=lambda wanted: wanted.name)


def operation_named(name: str) -> Operation:
    """One operation, by its whole name; there must be one."""
    return next(wanted for wanted in of_noun(name.partition(".")[0]) if wanted.name == name)


def perform(desk: Desk, wanted: Operation, request: Question | Order) -> Any:
    """Carry out an operation. Raises Forbidden, counted and audited, if it is not the actor's to ask."""
    try:
        permit(desk, wanted)
        _permit_place(desk, request)
        return wanted.run(desk, request)
    except Forbidden as refusal:
        refused(desk, wanted, refusal)
        raise


def refused(desk: Desk, wanted: Operation, refusal: Forbidden) -> None:
    """Count and audit that someone asked for what is not theirs."""
    counters.add("operation_refused", wanted.name)
    desk.store.audit_refusal(desk.by, wanted.name, sorted(desk.actor.roles), str(refusal), desk.now)


def permit(desk: Desk, wanted: Operation) -> None:
    """Raises Forbidden unless one of the actor's roles may."""
    actor = desk.actor
    if actor.local or actor.roles & wanted.roles:
        return
    if not wanted.roles:
        raise Forbidden(f"{wanted.name} is done on the host's own command line; ask whoever runs the host")
    may = " or ".join(role for role in ROLES if role in wanted.roles)
    mine = ", ".join(role for role in ROLES if role in actor.roles)
    raise Forbidden(f"{wanted.name} is for {may}; {actor.name} is {mine}: ask someone who may", wanted.roles)


def _permit_place(desk: Desk, request: Question | Order) -> None:
    if "facility" in type(request).model_fields:
        desk.keep_within(getattr(request, "facility", None))
    elif not request.concerns_nobody:
        desk.need_whole_site()
    if not (request.concerns_nobody or request.keeps_to_unit):
        inmate, handset, device, unit = (getattr(request, field, None) for field in ("inmate", "handset", "device", "unit"))
        desk.keep_within_unit(inmate, handset or device, unit)


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
