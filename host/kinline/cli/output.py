"""How every verb answers: a table for people, JSON for programs, one line on stderr for what went wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kinline.failure import Failure

_LONGEST_NUMBER = 16  # E.164 with its plus

# What people entered is shown as it stands: brackets and colons in a label are no markup.
out = Console(highlight=False, markup=False, emoji=False)


class UsageError(Failure):
    """Something asked for that cannot be done; the text has the next step."""


def answer(data: Any, as_json: bool, for_people: Callable[[], object]) -> None:
    """Print `data` as JSON, or what `for_people` makes of it (text or something Rich can show)."""
    if as_json:
        print(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))
    elif (shown := for_people()) is not None:
        out.print(shown, soft_wrap=isinstance(shown, str))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> Table | str:
    """A table, or the sentence that says what to do when there is nothing in it. A column "#…" is numeric."""
    if not rows:
        return empty
    # Nine columns fit into the eighty of a terminal only when they sit close.
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2 if len(columns) < 9 else 1, 0, 0))
    shown = [[_cell(value) for value in row] for row in rows]
    for column, cells in zip(columns, zip(*shown, strict=True), strict=True):
        longest = max(len(word) for cell in cells for word in cell.split() or [""])
        grid.add_column(
            column.removeprefix("#"),
            justify="right" if column.startswith("#") else "left",
            # A narrow window breaks lines, but no telephone number or moment.
            min_width=min(longest, _LONGEST_NUMBER),
            overflow="fold",
        )
    for row in shown:
        grid.add_row(*row)
    return grid


def sheet(lines: Mapping[str, object]) -> Table:
    """Names and their values, one a line; what has no value is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    for name, value in lines.items():
        if value is not None and value != "":
            grid.add_row(name, _cell(value))
    return grid


def moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return "yes" if value is True else "no" if value is False else "" if value is None else str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
