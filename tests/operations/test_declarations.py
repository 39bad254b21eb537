"""Every operation says what programs and people need to know, and bounds what it takes."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from kinline.logs import is_secret
from kinline.operations import nouns
from kinline.operations.operation import Answer, Operation, Order, catalogue, operation

OPERATIONS = list(catalogue().values())
BOUNDS = {"string": ("maxLength", "enum", "const", "format"), "array": ("maxItems",), "integer": ("maximum",)}


def named(wanted: Operation) -> str:
    return wanted.name


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_it_is_described(wanted: Operation) -> None:
    assert wanted.summary.endswith(".") and nouns()[wanted.noun]
    assert wanted.request.__name__ != "Order"


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_its_example_is_a_request(wanted: Operation) -> None:
    assert wanted.request.model_validate(dict(wanted.example), strict=None)


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_unknown_fields_are_refused(wanted: Operation) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        wanted.request.model_validate({**wanted.example, "sudo": "yes"})


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_everything_it_takes_is_bounded(wanted: Operation) -> None:
    """Nothing that is sent can grow past what the tables hold."""
    for place, schema in _leaves(wanted.request.model_json_schema(), wanted.name):
        for kind, bounds in BOUNDS.items():
            if schema.get("type") == kind:
                assert any(bound in schema for bound in bounds), f"{place} has no bound"


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_it_never_answers_with_a_secret(wanted: Operation) -> None:
    for place, _ in _leaves(TypeAdapter(wanted.answer).json_schema(), ""):
        name = place.rpartition(".")[2]
        assert name == "pin_mode" or (not is_secret(name) and name not in ("key", "digest")), place


def test_a_name_is_declared_once_and_well() -> None:
    class Nothing(Order):
        pass

    class Done(Answer):
        pass

    for name, said in (("contact.add", "declared twice"), ("Contact", "no name for an operation")):
        with pytest.raises(ValueError, match=said):

            @operation(name, roles={"supervisor"}, example={})
            def run(desk: Any, request: Nothing) -> Done:
                """Nothing."""
                return Done()


def _leaves(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, under the path by which its value is reached."""
    yield place, schema
    for name, part in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        yield from _leaves(part, f"{place}.{name}")
    for part in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        yield from _leaves(part, place)
