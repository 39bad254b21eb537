"""The simulated machine module offers nothing that the board's own does not: names, signatures and numbers, compared
with the vendor's stubs for the ESP32 port. What the firmware itself uses is held to the same stubs by `make lint`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SHIM = ROOT / "sim/kinline_sim/shims/machine.py"
STUBS = ROOT / "build/typings/machine.pyi"
OURS = {"connect", "page"}  # the bootstrap's and the tests' own; no firmware uses them
STREAM = {"ioctl"}  # the stream protocol: in the board's C, not in its Python
Functions = dict[str, list[ast.arguments]]


def _members(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                yield name, node
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node


def _public(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """Every definition of each public name; overloads are several of one."""
    found: dict[str, list[ast.stmt]] = {}
    for name, node in _members(body):
        if not name.startswith("_") or name in ("__init__", "__call__"):
            found.setdefault(name, []).append(node)
    return found


def _number(node: ast.stmt) -> object:
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return value.value if isinstance(value, ast.Constant) else ...


def _misfit(ours: ast.arguments, theirs: ast.arguments) -> str:
    """Why a call that ours takes could fail on the board, or nothing."""
    slots = [*((argument.arg, True) for argument in theirs.posonlyargs), *((argument.arg, False) for argument in theirs.args)]
    mine = [argument.arg for argument in ours.args]
    if len(mine) > len(slots) and not theirs.vararg:
        return f"takes {len(mine) - 1} arguments in order, the board's {len(slots) - 1}"
    for name, (slot, by_place_only) in zip(mine, slots, strict=False):
        if name != slot and not by_place_only:
            return f"calls {slot} {name}"
    names = {argument.arg for argument in (*theirs.args, *theirs.kwonlyargs)}
    unknown = [argument.arg for argument in ours.kwonlyargs if argument.arg not in names]
    return f"takes {', '.join(unknown)}, the board's does not" if unknown and not theirs.kwarg else ""


def differences(shim: str, stubs: str) -> list[str]:
    """What the shim offers beside the stubs."""
    return list(_compare("machine", ast.parse(shim).body, ast.parse(stubs).body))


def _compare(place: str, ours: list[ast.stmt], theirs: list[ast.stmt]) -> Iterator[str]:
    known = _public(theirs)
    for name, nodes in _public(ours).items():
        where, node = f"{place}.{name}", nodes[0]
        if name in OURS | STREAM:
            continue
        if name not in known:
            yield f"{where}: the board has none"
        elif isinstance(node, ast.ClassDef):
            theirs_here = [one for one in known[name] if isinstance(one, ast.ClassDef)]
            yield from _compare(where, node.body, theirs_here[0].body)
        elif isinstance(node, ast.FunctionDef):
            misfits = [_misfit(node.args, one.args) for one in known[name] if isinstance(one, ast.FunctionDef)]
            if all(misfits):
                yield f"{where}: {misfits[0]}"
        elif _number(node) != (number := _number(known[name][0])) and number is not ...:
            yield f"{where} is {_number(node)}, on the board {number}"


def stub_text() -> str:
    if not STUBS.exists():
        pytest.skip("MicroPython's type stubs are missing: run make setup")
    return STUBS.read_text()


def test_the_shim_offers_nothing_that_a_board_lacks() -> None:
    assert differences(SHIM.read_text(), stub_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    def on(self):", "    def blink(self):\n        pass\n\n    def on(self):", "Pin.blink: the board has none"),
        ("WDT_RESET = 3", "WDT_RESET = 4", "WDT_RESET is 4, on the board 3"),
        ("def __init__(self, *, timeout):", "def __init__(self, *, timeout, window=0):", "WDT.__init__: takes window"),
        ("def feed(self):", "def feed(self, again):", "WDT.feed: takes 1 arguments in order, the board's 0"),
        ("def read_uv(self):", "def read_mv(self):", "ADC.read_mv: the board has none"),
    ],
)
def test_a_shim_that_offers_more_is_found(old: str, new: str, told: str) -> None:
    text = SHIM.read_text()
    assert text.count(old) == 1
    found = differences(text.replace(old, new), stub_text())
    assert any(told in line for line in found), found


def test_the_stubs_are_where_the_lint_looks() -> None:
    assert "build/typings" in Path(ROOT / "setup/mypy-firmware.ini").read_text()
