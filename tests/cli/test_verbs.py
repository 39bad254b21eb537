"""What the command line makes of an operation's declaration."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field

from kinline.cli.output import UsageError
from kinline.cli.verbs import verb
from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, FileText, Hidden, Label, Moment, Option, Pin
from kinline.operations.operation import Answer, Operation, Order
from tests.cli.test_cli import Site


class Everything(Order):
    name: Annotated[Label, Argument("NAME")]
    dollars: Annotated[int, Argument("AMOUNT"), Option(read=lambda text: int(text) * 100)] = 0
    text: Annotated[str | None, FileText()] = None
    kind: Annotated[Literal["a", "b"], Field(alias="class")] = "a"
    many: Annotated[list[Literal["x", "y"]] | None, Option("--one")] = None
    at: Moment | None = None
    pin: Annotated[Pin | None, Hidden("pin")] = None
    sure: bool = True
    loud: bool = False
    times: Annotated[int, Field(ge=1, le=9)] = 1
    facility: AtFacility = None


class Echo(Answer):
    said: dict[str, Any]
    cost_micros: int = 1_500_000


def echo(desk: Desk, request: Everything) -> Echo:
    """Say what was asked."""
    return Echo(said={**request.model_dump(mode="json"), "pin": request.pin.get_secret_value() if request.pin else None})


WANTED = Operation(
    name="test.echo",
    request=Everything,
    answer=Echo,
    run=echo,
    roles=frozenset({"supervisor"}),
    summary="Say what was asked.",
    example={},
    tell=None,
    empty="",
    ended_well=lambda answer: answer.said["name"] != "bad",
    over_http=False,
    verb=True,
)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Run the verb; what it asked for."""
    site = Site(tmp_path)
    site.ok("init", str(tmp_path), "--facility", "north")
    app = typer.Typer()
    app.command()(verb(WANTED))

    def run(*arguments: str, stdin: bytes = b"") -> str:
        monkeypatch.setenv("KINLINE_CONFIG", str(site.config))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        try:
            code = app([*arguments, "--no-pin"] if "--pin-stdin" not in arguments else [*arguments], standalone_mode=False)
        except typer.Exit as ended:
            code = ended.exit_code
        return f"{code or 0} {capsys.readouterr().out}"

    yield run


def test_places_names_and_defaults(said: Any) -> None:
    answer = said("Ann", "--json")
    assert '"name": "Ann"' in answer and '"kind": "a"' in answer and '"sure": true' in answer and answer.startswith("0")
    answer = said("Ann", "3", "--class", "b", "--one", "x", "--one", "y", "--no-sure", "--loud", "--times", "4", "--json")
    for part in ('"dollars": 300', '"kind": "b"', '"sure": false', '"loud": true', '"times": 4'):
        assert part in answer
    assert "".join(answer.split()).count('"many":["x","y"]') == 1


def test_a_text_comes_from_a_file_or_standard_input(said: Any, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("\ufeffnumber,name\n1,Zoë\n".encode())
    assert '"text": "number,name\\n1,Zoë\\n"' in said("Ann", "1", str(file), "--json")
    assert '"text": "abc"' in said("Ann", "1", "-", "--json", stdin=b"abc")
    file.write_bytes("number\nZoë".encode("latin-1"))
    with pytest.raises(UsageError, match=r"list\.csv: line 2: byte 0xeb is not UTF-8.*save it as"):
        said("Ann", "1", str(file))
    with pytest.raises(UsageError, match="name another file, or -"):
        said("Ann", "1", str(tmp_path / "none.csv"))


def test_a_secret_comes_unseen(said: Any) -> None:
    assert '"pin": "4711"' in said("Ann", "--pin-stdin", "--json", stdin=b"4711\n")
    with pytest.raises(UsageError, match="the PIN: a PIN has four to eight digits") as refused:
        said("Ann", "--pin-stdin", stdin=b"47110815999\n")
    assert "47110815999" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Ann", "--times", "0"), "--times: input should be greater than or equal to 1"),
        (("Ann", "--one", "z"), "--one: input should be 'x' or 'y'"),
        (("Ann", "--at", "yesterday"), "--at: input should be a valid datetime"),
        (("Ann", "--at", "2026-01-01T00:00:00"), "--at: input should have timezone info"),
        (("x" * 200,), "NAME: 'xxx"),
        (("Ann", "many"), "AMOUNT: invalid literal"),
    ],
)
def test_a_fault_names_its_place(said: Any, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        said(*arguments)
    assert told in str(refused.value)


def test_a_sheet_for_people_and_an_exit_code_for_scripts(said: Any) -> None:
    answer = said("Ann")
    assert "cost" in answer and "$1.50" in answer and answer.startswith("0")
    assert said("bad").startswith("1")


def test_what_people_entered_is_not_markup(said: Any) -> None:
    assert "[/bold] :smile:" in said("[/bold] :smile:")
