"""The parts of board.toml, their pins and the nets between them."""

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from contracts import Board, ContractError, board_of

KINDS = ("input", "output", "bidirectional", "passive", "power_in", "power_out", "open_collector", "no_connect")
_FACTORS = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
OPEN = "-"  # a pin that is left open on purpose


@dataclass(frozen=True)
class PinOfPart:
    number: str
    name: str
    kind: str
    net: str  # OPEN: none


@dataclass(frozen=True)
class Part:
    ref: str
    type: str
    block: str
    value: str
    does: str
    pins: tuple[PinOfPart, ...]
    decoupling: tuple[str, ...]
    facts: dict[str, Any] = field(repr=False)  # what the type says of every part of it

    @property
    def mpn(self) -> str:
        return str(self.facts["mpn"])

    @property
    def number(self) -> float:
        """The value in ohm, farad or henry."""
        return parse_value(self.value)

    def net(self, pin: str) -> str:
        """The net at a pin, by its name or number."""
        for p in self.pins:
            if pin in (p.name, p.number):
                return p.net
        raise ContractError(f"board.toml: parts.{self.ref} has no pin {pin}; it has {', '.join(p.name for p in self.pins)}")

    def nets(self) -> set[str]:
        return {p.net for p in self.pins if p.net != OPEN}


@dataclass(frozen=True)
class Netlist:
    board: Board
    parts: dict[str, Part]
    raw: dict[str, Any]

    @cached_property
    def nets(self) -> dict[str, list[tuple[Part, PinOfPart]]]:
        """Net name: the pins on it, in the order of the parts."""
        found: dict[str, list[tuple[Part, PinOfPart]]] = defaultdict(list)
        for part in self.parts.values():
            for pin in part.pins:
                if pin.net != OPEN:
                    found[pin.net].append((part, pin))
        return dict(found)

    def between(self, one: str, other: str, type_name: str) -> list[Part]:
        """The two-terminal parts of a type that lie between two nets."""
        return [p for p in self.parts.values() if p.type == type_name and p.nets() == {one, other}]

    def part(self, ref: str, place: str) -> Part:
        if ref not in self.parts:
            raise ContractError(f"board.toml: {place} names {ref}, which is no part; see [parts]")
        return self.parts[ref]

    def is_supply(self, net: str) -> bool:
        return net in self.raw["nets"] and self.raw["nets"][net]["kind"] == "supply"

    def is_ground(self, net: str) -> bool:
        return net in self.raw["nets"] and self.raw["nets"][net]["kind"] == "ground"


def parse_value(text: str) -> float:
    """4k7, 100n, 330, 22u as a number; ValueError for anything else."""
    match = re.fullmatch(r"(\d+)([pnumkMR]?)(\d*)", text)
    if not match:
        raise ValueError(f"{text!r} is no value; write 4k7, 100n, 330 or 22u")
    whole, factor, rest = match.groups()
    return float(f"{whole}.{rest or 0}") * _FACTORS.get(factor, 1.0)


def load_netlist(path: Path) -> Netlist:
    """Read board.toml with its parts; raises ContractError naming the place."""
    return netlist_of(tomllib.loads(path.read_text()))


def netlist_of(raw: dict[str, Any]) -> Netlist:
    """The same of a table already read."""
    board = board_of(raw, "board.toml")
    entries = {**raw["parts"], **_keypad(raw, board)}
    parts = {ref: _part(ref, entry, raw, board) for ref, entry in entries.items()}
    return Netlist(board, parts, raw)


def _part(ref: str, entry: dict[str, Any], raw: dict[str, Any], board: Board) -> Part:
    place = f"board.toml: parts.{ref}"
    if entry.get("type") not in raw["types"]:
        raise ContractError(f"{place}: type {entry.get('type')!r} is unknown; add it to [types]")
    facts = raw["types"][entry["type"]]
    if re.fullmatch(rf"{facts['prefix']}\d+", ref) is None:
        raise ContractError(f"{place}: a {entry['type']} is called {facts['prefix']} and a number")
    pins = [tuple(text.split()) for text in facts["pins"]]
    for pin in pins:
        if len(pin) != 3 or pin[2] not in KINDS:
            raise ContractError(
                f"board.toml: types.{entry['type']}: pin {' '.join(pin)!r}; write number, name and one of {KINDS}"
            )
    nets = _named_nets(place, entry["nets"], [name for _, name, _ in pins])
    if entry["type"] == "mcu":
        used = _firmware_pins(board, place, {name for _, name, _ in pins})
        for name in used.keys() & nets.keys():
            raise ContractError(f"{place}: {name} is on {nets[name]} here, and pins.{used[name]} takes it; remove one of the two")
        nets |= used
    made = []
    for number, name, kind in pins:
        if kind == "no_connect":
            nets.setdefault(name, OPEN)
        if name not in nets:
            raise ContractError(f"{place}: pin {name} is connected to nothing; name its net, or - to leave it open")
        if entry["type"] == "mcu":
            kind = _mcu_kind(board, nets[name], kind)
        made.append(PinOfPart(number, name, kind, nets[name]))
    return Part(
        ref,
        entry["type"],
        entry["block"],
        entry.get("value", ""),
        entry.get("does", facts.get("does", "")),
        tuple(made),
        tuple(entry.get("decoupling", ())),
        facts,
    )


def _named_nets(place: str, nets: str | dict[str, str], names: list[str]) -> dict[str, str]:
    if isinstance(nets, dict):
        for name in nets:
            if name not in names:
                raise ContractError(f"{place}: there is no pin {name}; the pins are {', '.join(names)}")
        return dict(nets)
    listed = nets.split()
    if len(listed) != len(names):
        raise ContractError(f"{place}: {len(listed)} nets for {len(names)} pins {' '.join(names)}")
    return dict(zip(names, listed, strict=True))


def _firmware_pins(board: Board, place: str, names: set[str]) -> dict[str, str]:
    nets = {}
    for net, pin in board.pins.items():
        if f"IO{pin.gpio}" not in names:
            raise ContractError(f"board.toml: pins.{net}: {place[12:]} brings no GPIO {pin.gpio} out; take another")
        nets[f"IO{pin.gpio}"] = net
    return nets


def _mcu_kind(board: Board, net: str, kind: str) -> str:
    """A pin's electrical type as the firmware uses it."""
    if net == OPEN:
        return "no_connect"
    if net not in board.pins:
        return kind
    pin = board.pins[net]
    fixed = {"adc": "input", "in_pullup": "input", "out": "output", "open_drain": "open_collector"}
    return fixed.get(pin.mode) or {"out": "output", "in": "input"}[pin.direction]


def _keypad(raw: dict[str, Any], board: Board) -> dict[str, dict[str, Any]]:
    """The parts that follow from the matrix: series resistors, pull-ups, and for each key a switch and its diode.

    Current flows from the column's pull-up through the key and its diode into the row that is driven low.
    """
    pad = raw["keypad"]
    number = pad["first_ref"]
    made: dict[str, dict[str, Any]] = {}

    def add(prefix: str, index: int, type_name: str, nets: str, **more: str) -> None:
        made[f"{prefix}{index}"] = {"block": "keypad", "type": type_name, "nets": nets, **more}

    def far(pin: str) -> str:
        return f"{pad['line']}{pin.removeprefix('KEY_')}"

    rows, columns = board.matrix["rows"], board.matrix["columns"]
    for pin in [*rows, *columns]:
        add("R", number, "resistor", f"{pin} {far(pin)}", value=pad["series"], does="keypad line")
        number += 1
    for pin in columns:
        add("R", number, "resistor", f"3V3 {pin}", value=pad["pull_up"], does="column at rest")
        number += 1
    if pad.get("diode_type") is None:
        raise ContractError("board.toml: keypad.diode_type is missing: without a diode a key, three pressed keys look like four")
    index = 0
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            index += 1
            key = board.matrix["keys"][r][c]
            node = f"KEY{index}"
            add("S", index, pad["key_type"], f"{far(column)} {node}", does=f"key {key}", value=key)
            add("D", 19 + index, pad["diode_type"], f"{node} {far(row)}", does=f"key {key}")
    return made
