"""Reading a sheet of people or numbers that staff hand in as CSV: all of it, or a list of everything that is wrong.

A sheet is comma-separated UTF-8 with a header line. What spreadsheets make of that unasked (UTF-16, Windows code pages,
semicolons) is recognized and told with the way to save it right.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kinline.failure import Failure

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 20_000
MAX_CELL = 400

_SAVE_AS = 'save it as "CSV UTF-8 (comma delimited)"'
# Spreadsheets run a cell that begins so as a formula when the sheet, or a list made from it, is opened.
_FORMULA = ("=", "+", "-", "@")

Check = Callable[[str], str]
"""Takes a cell's text, trimmed, and gives the value to keep; raises ValueError saying what to write instead."""


@dataclass(frozen=True, slots=True)
class Column:
    """`check` sees cells that are not empty; an empty one is `default`, or a fault where a cell is needed."""

    check: Check
    needed: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a line; line 1 is the header, line 0 stands for the sheet as a whole."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return place + (f"{self.column}: " if self.column else "") + self.reason


class SheetError(Failure, ValueError):
    """A sheet that cannot be taken, with every fault found. Nothing of it was taken."""

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(f"{source}: {fault}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Row:
    """A line's values by column, and its number in the file, counted from 1."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def plain_text(text: str) -> str:
    """A `Check` for names and remarks: no formula, nothing that does not print."""
    if text.startswith(_FORMULA):
        raise ValueError(f"begins with {text[0]!r}, which spreadsheets run as a formula; leave that sign out")
    return text


def one_of(*words: str) -> Check:
    def check(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text.lower()

    return check


def read_sheet(data: bytes, columns: Mapping[str, Column], unique: Sequence[str], source: str) -> list[Row]:
    """The rows of a sheet, no two of them alike in the `unique` columns. Raises SheetError with every fault."""
    lines = _lines(decoded(data, source), source)
    header = next(lines, None)
    if header is None:
        raise SheetError(source, [Fault(0, "", f"the sheet is empty; its first line names the columns: {', '.join(columns)}")])
    names = _header(header, columns, source)
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        if len(rows) + len(faults) >= MAX_ROWS:
            faults.append(Fault(line, "", f"a sheet has at most {MAX_ROWS} lines; hand it in in parts"))
            break
        row, wrong = _row(line, cells, names, columns)
        faults += wrong
        if wrong:
            continue
        key = tuple(row[name] for name in unique)
        if (first := seen.setdefault(key, line)) != line:
            faults.append(Fault(line, unique[-1], f"{' '.join(key)} stands in line {first} already; leave one out"))
        rows.append(row)
    if faults:
        raise SheetError(source, faults)
    return rows


def decoded(data: bytes, source: str) -> str:
    """The text of a file that should be UTF-8. Raises SheetError saying what it is instead, and how to save it."""
    if len(data) > MAX_BYTES:
        raise SheetError(source, [Fault(0, "", f"a sheet has at most {MAX_BYTES // 1024 // 1024} MiB; hand it in in parts")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4096]:
        raise SheetError(source, [Fault(0, "", f"the file is UTF-16 or not text at all; {_SAVE_AS}")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"byte 0x{data[error.start]:02x} is not UTF-8, as in a file from an older spreadsheet; {_SAVE_AS}"
        raise SheetError(source, [Fault(line, "", reason)]) from error


def _lines(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank, with the number of its first line in the file."""
    # Not splitlines(): that would also break at signs which a spreadsheet leaves inside a cell.
    reader = csv.reader((f"{line}\n" for line in text.split("\n")), strict=True)
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        reason = f"the quotes in this line do not fit ({error}); write a quote inside quotes twice"
        raise SheetError(source, [Fault(begin, "", reason)]) from error


def _header(header: tuple[int, list[str]], columns: Mapping[str, Column], source: str) -> list[str]:
    line, cells = header
    names = [cell.strip().lower() for cell in cells]
    if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
        raise SheetError(source, [Fault(line, "", f"the columns are not separated by commas; {_SAVE_AS}")])
    faults = [Fault(line, name, "there is no such column; leave it out") for name in names if name not in columns]
    faults += [Fault(line, name, "the column is there twice") for name in columns if names.count(name) > 1]
    faults += [Fault(line, name, "the column is missing") for name in columns if columns[name].needed and name not in names]
    if faults:
        known = ", ".join(columns)
        raise SheetError(source, [*faults, Fault(line, "", f"the columns of this sheet are {known}")])
    return names


def _row(line: int, cells: list[str], names: list[str], columns: Mapping[str, Column]) -> tuple[Row, list[Fault]]:
    if len(cells) != len(names):
        reason = f"{len(cells)} cells under {len(names)} columns; put cells that hold a comma in quotes"
        return Row(line, {}), [Fault(line, "", reason)]
    values = {name: column.default for name, column in columns.items()}
    faults = []
    for name, cell in zip(names, cells, strict=True):
        try:
            values[name] = _cell(cell.strip(), columns[name])
        except ValueError as error:
            faults.append(Fault(line, name, str(error)))
    return Row(line, values), faults


def _cell(text: str, column: Column) -> str:
    if not text:
        if column.needed:
            raise ValueError("the cell is empty")
        return column.default
    if len(text) > MAX_CELL:
        raise ValueError(f"the cell has {len(text)} signs; at most {MAX_CELL} fit")
    if not text.isprintable():
        raise ValueError("the cell holds a line break or a sign that cannot be printed; leave it out")
    return column.check(text)
