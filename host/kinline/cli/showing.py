"""An operation's answer for people: its own words, a table, or a sheet of names and values."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.table import Table

from kinline.accounts import dollars
from kinline.cli import records
from kinline.cli.output import sheet, table
from kinline.operations.operation import Operation

# Answers that a plain table would not do justice to.
_OWN: Mapping[str, Callable[[Any], object]] = {
    "calls.list": records.call_table,
    "calls.show": records.call_sheet,
}


def shown(wanted: Operation, result: Any) -> object:
    """Text, or something that Rich can show."""
    if isinstance(result, list) and not result:
        return wanted.empty
    if own := _OWN.get(wanted.name):
        return own(result)
    if (told := wanted.told(result)) is not None:
        return told
    return _table(result, wanted.empty) if isinstance(result, list) else _sheet(result)


def _table(rows: list[BaseModel], empty: str) -> Table | str:
    model = type(rows[0])
    columns = [
        f"{'#' if field.annotation is int else ''}{_title(field.alias or name)}" for name, field in model.model_fields.items()
    ]
    cells = [[_cell(name, value) for name, value in row] for row in rows]
    return table(columns, cells, empty)


def _sheet(result: BaseModel) -> Table:
    fields = type(result).model_fields
    return sheet({_title(fields[name].alias or name): _cell(name, value) for name, value in result})


def _title(name: str) -> str:
    return name.removesuffix("_micros").replace("_", " ")


def _cell(name: str, value: object) -> object:
    if name.endswith("_micros") and isinstance(value, int):
        return dollars(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_cell("", item)) for item in value)
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} {_cell(key, item)}" for key, item in value)
    return value if isinstance(value, bool | int | str | datetime | None) else str(value)
