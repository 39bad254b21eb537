"""Talk has a price by the minute and nothing else has one: no table, profile, request or answer has room for a fee."""

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import kinline.accounts
from kinline.accounts.receipt import Receipt
from kinline.console.app import document
from kinline.rules.schema import profile_schema
from kinline.store.models import Base

# What charges beside the minute go by (47 CFR 64.6000 calls them ancillary): "setup_fee", "connection", "surcharges" …
FEE = re.compile(
    r"(^|_)(fees?|surcharges?|ancillary|commissions?|connection|connect|setup|flagfall|per_call|minimum_charge|tax(es)?|tip|"
    r"paper|transfer_charge|expiry|maintenance)(_|$)"
)


def columns() -> Iterator[str]:
    for table in Base.metadata.tables.values():
        yield from (column.name for column in table.columns)


def fields() -> Iterator[str]:
    for module in pkgutil.iter_modules(kinline.accounts.__path__):
        for item in vars(importlib.import_module(f"kinline.accounts.{module.name}")).values():
            if dataclasses.is_dataclass(item):
                yield from (field.name for field in dataclasses.fields(item))


def names_in(schema: Any) -> Iterator[str]:
    """Every property's and every parameter's name in a JSON schema or an OpenAPI document."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        if "in" in schema and "schema" in schema:
            yield schema["name"]
        for part in schema.values():
            yield from names_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from names_in(part)


def named(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


@pytest.mark.parametrize(
    ("place", "names", "known"),
    [
        ("the tables", columns(), "rate_micros_per_minute"),
        ("the accounts", fields(), "rate_micros_per_minute"),
        ("a profile", names_in(profile_schema()), "micros_per_minute"),
        ("the API", names_in(document()), "micros_per_minute"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_there_is_no_room_for_a_fee(place: str, names: Iterator[str], known: str) -> None:
    found = {named(name) for name in names}
    assert known in found, f"{place} was not read"
    assert [name for name in sorted(found) if FEE.search(name)] == []


@pytest.mark.parametrize("name", ["setupFee", "connection_charge", "fee_micros", "surcharge", "per_call_micros", "tax"])
def test_a_fee_would_be_seen(name: str) -> None:
    assert FEE.search(named(name))


def test_the_receipts_formula_is_all_that_there_is() -> None:
    prices = {field.name for field in dataclasses.fields(Receipt) if field.name.endswith(("micros", "per_minute"))}
    assert prices == {"rate_micros_per_minute", "held_micros", "price_micros", "charged_micros", "credited_micros"}
