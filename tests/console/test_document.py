"""The OpenAPI document, and the API held to it by schemathesis: whatever is asked gets an answer that the document names."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from kinline.console.app import document
from kinline.operations.operation import catalogue
from tests.operations.site import House
from tests.store.backends import Backend, Sqlite

DOCUMENT = document()
# A request can have the right form and still ask for what is not, or cannot be done.
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 422]},
            # test_access asks every route without a token once; here it would be asked with every case.
            "ignored_auth": {"enabled": False},
        },
        # Every bound of every field takes minutes: THOROUGH=1 does it. test_requests asks with other methods.
        "phases": {"coverage": {"enabled": "THOROUGH" in os.environ, "unexpected-methods": []}},
    }
)


@pytest.fixture(scope="module")
def big_house(request: pytest.FixtureRequest) -> Iterator[House]:
    """On PostgreSQL, which takes offence at more than SQLite does; on SQLite where there is none."""
    try:
        backend: Backend = request.getfixturevalue("_postgresql")
    except pytest.skip.Exception:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        backend = Sqlite(factory.mktemp("asked"), factory.mktemp("model"))
    made = House(backend)
    yield made
    made.close()
    backend.drop(made.address)


def test_every_operation_is_in_it_once_with_what_it_may_answer(big_house: House) -> None:
    found = {call["operationId"]: (method, call) for item in DOCUMENT["paths"].values() for method, call in item.items()}
    served = {name: wanted for name, wanted in catalogue().items() if wanted.over_http}
    assert found.keys() == served.keys()
    for name, (method, call) in found.items():
        assert (method == "post") == served[name].changes and call["security"] == [{"staff_token": []}], name
        assert {"200", "400", "401", "403", "404", "409", "422", "503"} <= call["responses"].keys(), name
        assert call["tags"] == [served[name].noun] and call["summary"]
    assert big_house.client.get("/openapi.json").json() == DOCUMENT


@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_the_largest_and_smallest_numbers_have_room(big_house: House, bound: str) -> None:
    for wanted in catalogue().values():
        fields = wanted.request.model_json_schema(by_alias=True)["properties"]
        for name, value in _at(bound, fields) if wanted.over_http else ():
            staff = "everything" if wanted.changes else "auditor"
            answer = big_house.ask(wanted, staff, **{name: value})
            assert answer.status_code in (200, 404, 409, 422), f"{wanted.name} with {name} {value}: {answer.text}"


def _at(bound: str, fields: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name, schema in fields.items():
        for part in schema.get("anyOf", [schema]):
            if part.get("type") == "integer" and bound in part:
                yield name, part[bound]


async def elsewhere(*_: object) -> None:
    """Stands in the document for the application that each call names."""
    raise AssertionError("a call without an application")


SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
SCHEMA.app = elsewhere


@SCHEMA.parametrize()
@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_documented(case: schemathesis.Case, big_house: House) -> None:
    staff = "auditor" if case.method == "GET" else "everything"
    case.call_and_validate(app=big_house.app, headers={"Authorization": f"Bearer {big_house.tokens[staff]}"})
