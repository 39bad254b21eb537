"""The schema that editors use and the model that reads profiles agree, on rules that nobody thought of."""

from datetime import date
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kinline.profiles import chain, merged
from kinline.rules import CallRequest, decide
from kinline.rules.profile import validated
from kinline.rules.schema import profile_schema
from kinline.rules.sense import faults_in, misfits_in
from tests.rules.strategies import requests

SCHEMA = profile_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
GENERIC = merged(list(chain("generic")))
RULES = sorted(set(SCHEMA["properties"]) - {"extends", "title", "version"})
NOT_IN_SCHEMA = "is empty or runs past midnight"

strangers = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=5), st.just([]), st.just({})
)


def described(node: dict[str, Any], slips: bool) -> st.SearchStrategy[Any]:
    """What a part of the schema describes; with `slips` now and then something else."""
    right = _right(node, slips)
    return st.one_of(right, right, right, right, right, right, right, strangers) if slips else right


def _right(node: dict[str, Any], slips: bool) -> st.SearchStrategy[Any]:
    if "$ref" in node:
        return _right(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], slips)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if node["type"] == "object":
        return _table(node, slips)
    if node["type"] == "array":
        return st.lists(described(node["items"], slips), min_size=node.get("minItems", 0), max_size=node.get("maxItems", 3))
    if node["type"] == "integer":
        least = node.get("minimum", node.get("exclusiveMinimum", -1) + 1)
        return st.integers(least, node["maximum"]) | st.sampled_from([least, node["maximum"]])
    if node["type"] == "boolean":
        return st.booleans()
    if node.get("format") == "date":
        return st.dates().map(date.isoformat)
    if "pattern" in node:
        return st.from_regex(node["pattern"].replace("$", r"\Z"), fullmatch=False)
    return st.text(min_size=node.get("minLength", 0), max_size=5)


def _table(node: dict[str, Any], slips: bool) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in node:
        return st.dictionaries(_right(node["propertyNames"], slips), described(node["additionalProperties"], slips), max_size=3)
    needed = node["required"] if not slips else []
    parts = {key: described(part, slips) for key, part in node["properties"].items()}
    required = {key: part for key, part in parts.items() if key in needed}
    return st.fixed_dictionaries(required, optional={key: part for key, part in parts.items() if key not in needed})


def rules(slips: bool) -> st.SearchStrategy[tuple[str, Any]]:
    """A rule's key and its tables."""
    return st.sampled_from(RULES).flatmap(lambda key: st.tuples(st.just(key), _right(SCHEMA["properties"][key], slips)))


@given(rules(slips=False) | rules(slips=True))
def test_what_the_schema_allows_the_model_reads_and_nothing_else(rule: tuple[str, Any]) -> None:
    key, value = rule
    fine = VALIDATOR.is_valid({"extends": "generic", "title": "Any", "version": 1, key: value})
    try:
        validated("any", {**GENERIC, key: value})
    except ValidationError as error:
        assert not fine or all(NOT_IN_SCHEMA in item["msg"] for item in error.errors()), (key, value, error)
    else:
        assert fine, (key, value, list(VALIDATOR.iter_errors({"extends": "generic", "title": "A", "version": 1, key: value})))


@given(rules(slips=False), requests)
def test_no_rule_that_can_be_read_breaks_a_decision(rule: tuple[str, Any], request: CallRequest) -> None:
    key, value = rule
    try:
        profile = validated("any", {**GENERIC, key: value})
    except ValidationError:
        return
    misfits_in(profile)
    if not faults_in(profile):
        decide(request, profile)
