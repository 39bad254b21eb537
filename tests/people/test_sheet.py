"""Sheets that staff hand in: taken whole, or every fault told with its line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.people.sheet import MAX_BYTES, MAX_ROWS, Column, Row, SheetError, one_of, plain_text, read_sheet

COLUMNS = {"number": Column(plain_text), "name": Column(plain_text), "unit": Column(one_of("b1", "b2"), needed=False)}


def read(text: str | bytes) -> list[Row]:
    return read_sheet(text.encode() if isinstance(text, str) else text, COLUMNS, ("number",), "x.csv")


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(SheetError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_a_good_sheet() -> None:
    text = '\ufeffName , number,UNIT\r\n"Example, Ann",1,b2\r\n\r\n  Bo Example ,2,\r\n"Said ""Cy""",3,B1'
    assert [(row.line, dict(row.cells)) for row in read(text)] == [
        (2, {"number": "1", "name": "Example, Ann", "unit": "b2"}),
        (4, {"number": "2", "name": "Bo Example", "unit": ""}),
        (5, {"number": "3", "name": 'Said "Cy"', "unit": "b1"}),
    ]


def test_every_bad_line_is_told_at_once() -> None:
    text = "number,name,unit\n1,Ann,b9\n2,,b1\n3,Cy\n1,Di,\n5,=HYPERLINK(1),b1\n6,Fay,\n6,Gus,\n"
    assert faults(text) == [
        "x.csv: line 2: unit: 'b9' is none of b1, b2",
        "x.csv: line 3: name: the cell is empty",
        "x.csv: line 4: 2 cells under 3 columns; put cells that hold a comma in quotes",
        "x.csv: line 6: name: begins with '=', which spreadsheets run as a formula; leave that sign out",
        "x.csv: line 8: number: 6 stands in line 7 already; leave one out",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(encoding: str) -> None:
    assert "UTF-16" in faults("number,name\n1,Ann\n".encode(encoding))[0]


def test_an_old_code_page_is_told_with_its_line() -> None:
    [fault] = faults("number,name\n1,Ann\n2,José\n".encode("latin-1"))
    assert fault.startswith("x.csv: line 3: byte 0xe9 is not UTF-8") and "CSV UTF-8" in fault


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_wrong_delimiter(sign: str) -> None:
    assert "not separated by commas" in faults(f"number{sign}name\n1{sign}Ann\n")[0]


def test_columns_that_are_unknown_doubled_and_missing() -> None:
    assert faults("number,number,age\n1,2,3\n") == [
        "x.csv: line 1: the columns of this sheet are number, name, unit",
        "x.csv: line 1: age: there is no such column; leave it out",
        "x.csv: line 1: name: the column is missing",
        "x.csv: line 1: number: the column is there twice",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", ",,,\n"])
def test_an_empty_sheet(text: str) -> None:
    assert "its first line names the columns: number, name, unit" in faults(text)[0]


def test_an_open_quote_is_told_where_it_begins() -> None:
    [fault] = faults('number,name\n1,Ann\n2,"Bo\n3,Cy\n4,Di\n')
    assert fault.startswith("x.csv: line 3: the quotes in this line do not fit")


def test_a_cell_of_two_lines_is_refused_and_the_count_goes_on() -> None:
    assert faults('number,name\n1,"A\nnn"\n2,\n') == [
        "x.csv: line 2: name: the cell holds a line break or a sign that cannot be printed; leave it out",
        "x.csv: line 4: name: the cell is empty",
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2", "@SUM(A1)"])
def test_formulas_are_refused(cell: str) -> None:
    assert "as a formula" in faults(f"number,name\n1,{cell}\n")[0]


def test_what_is_too_large() -> None:
    assert "at most 4 MiB" in faults(b"x" * (MAX_BYTES + 1))[0]
    many = "number,name\n" + "".join(f"{n},A\n" for n in range(MAX_ROWS + 5))
    assert [fault.split(": ", 1)[1] for fault in faults(many)] == [
        f"line {MAX_ROWS + 2}: a sheet has at most {MAX_ROWS} lines; hand it in in parts"
    ]
    assert "at most 400 fit" in faults(f"number,name\n1,{'a' * 401}\n")[0]


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_read_or_told(data: bytes) -> None:
    for start in (b"", b"number,name\n"):
        try:
            rows = read_sheet(start + data, COLUMNS, ("number",), "x.csv")
        except SheetError as error:
            assert error.faults and all(str(fault) for fault in error.faults)
        else:
            assert len({row["number"] for row in rows}) == len(rows)


_NAMES = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=20).filter(
    lambda name: name.isprintable() and name.strip() == name and name[0] not in "=+-@"
)


@given(st.dictionaries(st.integers(0, 10**6).map(str), _NAMES, max_size=20))
def test_what_a_spreadsheet_writes_is_what_is_read(people: dict[str, str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("number", "name"), *people.items()])
    rows = read_sheet(out.getvalue().encode(), COLUMNS, ("number",), "x.csv")
    assert {row["number"]: row["name"] for row in rows} == people
