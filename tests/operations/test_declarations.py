"""Every operation says what programs and people need to know, and bounds what it takes."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from kinline.logs import is_secret
from kinline.operations import operation as declaring
from kinline.operations.nouns import NOUNS
from kinline.operations.operation import Answer, Operation, Order, catalogue, of_noun, operation

OPERATIONS = list(catalogue().values())
BOUNDS = {"string": ("maxLength", "enum", "const", "format"), "array": ("maxItems",), "integer": ("maximum",)}


def named(wanted: Operation) -> str:
    return wanted.name


@pytest.mark.parametrize("wanted", OPERATIONS, ids=named)
def test_it_is_described(wanted: Operation) -> None:
    assert wanted.summary.endswith(".")
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


def test_each_is_found_by_its_noun() -> None:
    """The command imports what the noun names: a module that is not named there would be missing from it."""
    package = declaring.__name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
    declared = {name: wanted for name, wanted in declaring._declared.items() if wanted.run.__module__.startswith(package)}
    for name, wanted in declared.items():
        assert wanted.run.__module__.rpartition(".")[2] in NOUNS[wanted.noun].modules, f"{name} stands in {wanted.run.__module__}"
    assert declared.keys() == catalogue().keys()
    assert all(noun.summary.endswith(".") and of_noun(name) for name, noun in NOUNS.items())


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
