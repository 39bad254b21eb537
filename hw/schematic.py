"""The netlist as a KiCad 9 project: a root and one sheet a block, with global labels for nets.

Everything follows from board.toml, identifiers included, so that the same contract gives the same files.
"""

import json
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from netlist import OPEN, Netlist, Part, PinOfPart

PROJECT = "kinline"
_NAMESPACE = uuid.UUID("5b5f0b7e-6a57-5f0e-9d0c-6b696e6c696e")
_GRID = 2.54
_PIN = 2.54  # length of a drawn pin
_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN, _TITLE = 297.0, 210.0, 15.24, 40.0  # A4; the title block needs the foot
_LETTER = 1.15  # mm a character of a label takes
_FLAG = "PWR_FLAG"
# What our parts cannot satisfy: there is no symbol library beside the drawing, and no footprints are chosen yet.
_SEVERITIES = {
    "lib_symbol_issues": "ignore",
    "lib_symbol_mismatch": "ignore",
    "footprint_link_issues": "ignore",
    "footprint_filter": "ignore",
}


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class _Shape:
    """A part's drawing around its middle: half its width and height, and where each pin ends (y upwards)."""

    half_width: float
    half_height: float
    ends: tuple[tuple[PinOfPart, Point, int], ...]  # pin, end, angle that it points to

    @property
    def top(self) -> float:
        return self.half_height + 5.08


def files(n: Netlist) -> dict[str, str]:
    """File name: text, for the whole project."""
    blocks = list(dict.fromkeys(part.block for part in n.parts.values()))
    made = {f"{PROJECT}.kicad_sch": _root(n, blocks), f"{PROJECT}.kicad_pro": _project()}
    for number, block in enumerate(blocks, 2):
        made[f"{_file(block)}.kicad_sch"] = _sheet(n, block, number)
    return made


def _file(block: str) -> str:
    return block.replace(" ", "-")


def _id(*names: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def _project() -> str:
    return (
        json.dumps(
            {"erc": {"rule_severities": _SEVERITIES}, "meta": {"filename": f"{PROJECT}.kicad_pro", "version": 3}}, indent=2
        )
        + "\n"
    )


def _head(n: Netlist, identity: str, title: str) -> list[str]:
    return [
        '(kicad_sch (version 20250114) (generator "kinline") (generator_version "9.0")',
        f'(uuid "{identity}")',
        '(paper "A4")',
        f'(title_block (title "{n.board.name}: {title}") (rev "{n.board.revision}") (company "Kinline")'
        ' (comment 1 "Generated from hw/board.toml by hw/generate.py"))',
    ]


def _root(n: Netlist, blocks: list[str]) -> str:
    lines = _head(n, _id("root"), "sheets")
    lines.append("(lib_symbols)")
    for index, block in enumerate(blocks):
        x, y = 20.32 + index % 4 * 66.04, 45.72 + index // 4 * 63.5
        count = sum(part.block == block for part in n.parts.values())
        lines += [
            f"(sheet (at {x:g} {y:g}) (size 55.88 38.1) (stroke (width 0.15) (type solid)) (fill (color 0 0 0 0.0))"
            f' (uuid "{_id("sheet", block)}")',
            f'(property "Sheetname" "{block}" (at {x:g} {y - 0.71:g} 0) (effects (font (size 2.54 2.54)) (justify left bottom)))',
            f'(property "Sheetfile" "{_file(block)}.kicad_sch" (at {x:g} {y + 38.7:g} 0)'
            " (effects (font (size 1.27 1.27)) (justify left top)))",
            f'(instances (project "{PROJECT}" (path "/{_id("root")}" (page "{index + 2}")))))',
            f'(text "{count} parts" (at {x + 27.94:g} {y + 20:g} 0) (effects (font (size 2 2))) (uuid "{_id("count", block)}"))',
        ]
    lines.append('(sheet_instances (path "/" (page "1")))')
    return "\n".join([*lines, ")"]) + "\n"


def _sheet(n: Netlist, block: str, number: int) -> str:
    parts = [part for part in n.parts.values() if part.block == block]
    lines = _head(n, _id("page", block), block)
    symbols = {part.type if len(part.pins) == 2 else part.ref: part for part in parts}
    lines.append("(lib_symbols")
    lines += [_symbol(name, part) for name, part in symbols.items()]
    flags = _flags(n) if block == "power" else []
    if flags:
        lines.append(_flag_symbol())
    lines.append(")")
    place = _Packer()
    for part in sorted(parts, key=lambda p: -len(p.pins) if len(p.pins) > 2 else 0):
        shape = _shape(part)
        left = max((_label_width(pin.net) for pin, _, angle in shape.ends if angle == 180), default=0.0)
        right = max((_label_width(pin.net) for pin, _, angle in shape.ends if angle == 0), default=0.0)
        at = place.next(left + shape.half_width, right + shape.half_width, shape.top, shape.half_height + 3.81)
        lines += _placed(part, shape, at, block)
    for index, net in enumerate(flags, 1):
        lines += _placed_flag(net, index, place.next(_label_width(net), 12.7, 7.62, 5.08))
    lines.append(f'(sheet_instances (path "/" (page "{number}")))')
    return "\n".join([*lines, ")"]) + "\n"


def _flags(n: Netlist) -> list[str]:
    """The nets that a passive source feeds: KiCad must be told. A source that is not on its net gets none."""
    return [
        net
        for net, facts in n.raw["nets"].items()
        if facts["source"] in n.parts and net in n.parts[facts["source"]].nets() and net in n.nets
    ]


class _Packer:
    """Places boxes in rows from the top left, on the grid."""

    def __init__(self) -> None:
        self._x, self._y, self._row = _MARGIN, _MARGIN, 0.0

    def next(self, left: float, right: float, up: float, down: float) -> Point:
        width, height = left + right + 5.08, up + down
        if self._x + width > _PAGE_WIDTH - _MARGIN:
            self._x, self._y, self._row = _MARGIN, self._y + self._row, 0.0
        at = Point(_on_grid(self._x + left), _on_grid(self._y + up))
        if at.y + down > _PAGE_HEIGHT - _TITLE:
            raise ValueError("a block no longer fits its A4 sheet: split it in board.toml")
        self._x += width
        self._row = max(self._row, height)
        return at


def _on_grid(value: float) -> float:
    return round(-(-value // _GRID) * _GRID, 2)


def _label_width(net: str) -> float:
    return 2.54 if net == OPEN else _LETTER * len(net) + 5


def _shape(part: Part) -> _Shape:
    if len(part.pins) == 2:
        a, b = part.pins
        return _Shape(3 * _GRID, _GRID, ((a, Point(-3 * _GRID, 0), 180), (b, Point(3 * _GRID, 0), 0)))
    left = [p for p in part.pins if p.kind in ("input", "power_in")]
    right = [p for p in part.pins if p.kind not in ("input", "power_in")]
    if not left or not right or abs(len(left) - len(right)) > len(part.pins) // 2:
        half = (len(part.pins) + 1) // 2
        left, right = list(part.pins[:half]), list(part.pins[half:])
    rows = max(len(left), len(right))
    longest = max(len(p.name) for p in part.pins)
    half_width = _on_grid(max(7.62, longest * 1.3 + 2.54)) + _PIN
    top = (rows - 1) * _GRID / 2 if rows % 2 else rows * _GRID / 2
    top = _on_grid(top)
    ends = [(p, Point(-half_width, top - i * _GRID), 180) for i, p in enumerate(left)]
    ends += [(p, Point(half_width, top - i * _GRID), 0) for i, p in enumerate(right)]
    return _Shape(half_width, top + _GRID, tuple(ends))


def _symbol(name: str, part: Part) -> str:
    """The library symbol: the body, and each pin with its electrical type."""
    shape = _shape(part)
    body = _body(part, shape)
    pins = []
    hidden = " (hide yes)" if len(part.pins) == 2 else ""
    for pin, end, angle in shape.ends:
        pins.append(
            f"(pin {pin.kind} line (at {end.x:g} {end.y:g} {0 if angle == 180 else 180}) (length {_PIN:g})"
            f' (name "{pin.name}" (effects (font (size 1.27 1.27)){hidden}))'
            f' (number "{pin.number}" (effects (font (size 1.0 1.0)){hidden})))'
        )
    hide_names = (
        "(pin_numbers (hide yes)) (pin_names (offset 0) (hide yes))" if len(part.pins) == 2 else "(pin_names (offset 0.5))"
    )
    return (
        f'(symbol "{PROJECT}:{name}" {hide_names} (exclude_from_sim no) (in_bom yes) (on_board yes)'
        f' (property "Reference" "{part.facts["prefix"]}" (at 0 0 0) (effects (font (size 1.27 1.27))))'
        f' (property "Value" "{name}" (at 0 0 0) (effects (font (size 1.27 1.27))))'
        f'\n(symbol "{name}_0_1" {body})\n(symbol "{name}_1_1" {" ".join(pins)}))'
    )


def _line(*points: tuple[float, float], fill: str = "none") -> str:
    text = " ".join(f"(xy {x:g} {y:g})" for x, y in points)
    return f"(polyline (pts {text}) (stroke (width 0.2) (type default)) (fill (type {fill})))"


def _box(x: float, y: float, fill: str = "none") -> str:
    return f"(rectangle (start {-x:g} {y:g}) (end {x:g} {-y:g}) (stroke (width 0.25) (type default)) (fill (type {fill})))"


def _body(part: Part, shape: _Shape) -> str:
    w = shape.half_width - _PIN
    leads = _line((-w, 0), (-2.0, 0)) + _line((2.0, 0), (w, 0))
    kind = part.facts["prefix"]
    if len(part.pins) != 2:
        return _box(w, shape.half_height, "background")
    if kind in ("R", "F", "FB"):
        return _line((-w, 0), (-2.54, 0)) + _line((2.54, 0), (w, 0)) + _box(2.54, 0.9)
    if kind == "C":
        return (
            _line((-w, 0), (-0.5, 0))
            + _line((0.5, 0), (w, 0))
            + _line((-0.5, -1.6), (-0.5, 1.6))
            + _line((0.5, -1.6), (0.5, 1.6))
        )
    if kind in ("D", "LED"):
        return (
            leads
            + _line((-2, 0), (2, 0))
            + _line((-1.3, 1.3), (-1.3, -1.3), (1.3, 0), (-1.3, 1.3))
            + _line((1.3, 1.3), (1.3, -1.3))
        )
    if kind in ("S", "SW"):
        return leads + _line((-2, 0), (1.6, 1.5))
    return leads + _box(2.0, 0.9, "outline")


def _placed(part: Part, shape: _Shape, at: Point, block: str) -> list[str]:
    name = part.type if len(part.pins) == 2 else part.ref
    shown = part.value or part.mpn
    above, value_y, below = at.y - shape.half_height - 3.2, at.y - shape.half_height - 1.3, at.y + shape.half_height + 1.1
    lines = [
        f'(symbol (lib_id "{PROJECT}:{name}") (at {at.x:g} {at.y:g} 0) (unit 1) (exclude_from_sim no) (in_bom yes) (on_board yes)'
        f' (dnp no) (uuid "{_id("part", part.ref)}")',
        f'(property "Reference" "{part.ref}" (at {at.x:g} {above:g} 0) (effects (font (size 1.27 1.27) (bold yes))))',
        f'(property "Value" "{shown}" (at {at.x:g} {value_y:g} 0) (effects (font (size 1.1 1.1))))',
        f'(property "MPN" "{part.mpn}" (at {at.x:g} {at.y:g} 0) (effects (font (size 1.27 1.27)) (hide yes)))',
        f'(instances (project "{PROJECT}" (path "/{_id("root")}/{_id("sheet", block)}" (reference "{part.ref}") (unit 1)))))',
    ]
    if part.does:
        size = "(size 0.9 0.9)"
        lines.append(f'(text "{part.does}" (at {at.x:g} {below:g} 0) (effects (font {size})) (uuid "{_id("does", part.ref)}"))')
    for pin, end, angle in shape.ends:
        x, y = round(at.x + end.x, 2), round(at.y - end.y, 2)
        if pin.net == OPEN:
            lines.append(f'(no_connect (at {x:g} {y:g}) (uuid "{_id("open", part.ref, pin.number)}"))')
        else:
            lines.append(_label(pin.net, x, y, angle, _id("label", part.ref, pin.number)))
    return lines


def _label(net: str, x: float, y: float, angle: int, identity: str) -> str:
    side = "right" if angle == 180 else "left"
    return (
        f'(global_label "{net}" (shape passive) (at {x:g} {y:g} {angle}) (effects (font (size 1.27 1.27)) (justify {side}))'
        f' (uuid "{identity}"))'
    )


def _flag_symbol() -> str:
    return (
        f'(symbol "{PROJECT}:{_FLAG}" (power) (pin_numbers (hide yes)) (pin_names (offset 0) (hide yes)) (exclude_from_sim no)'
        ' (in_bom yes) (on_board yes) (property "Reference" "#FLG" (at 0 0 0) (effects (font (size 1.27 1.27)) (hide yes)))'
        f' (property "Value" "{_FLAG}" (at 0 0 0) (effects (font (size 1.27 1.27))))'
        f'\n(symbol "{_FLAG}_0_1" {_line((0, 0), (0, 1.27), (-1, 1.9), (0, 2.54), (1, 1.9), (0, 1.27))})'
        f'\n(symbol "{_FLAG}_1_1" (pin power_out line (at 0 0 90) (length 0) (name "pwr" (effects (font (size 1 1))))'
        ' (number "1" (effects (font (size 1 1)))))))'
    )


def _placed_flag(net: str, index: int, at: Point) -> list[str]:
    ref = f"#FLG{index:02d}"
    return [
        f'(symbol (lib_id "{PROJECT}:{_FLAG}") (at {at.x:g} {at.y:g} 0) (unit 1) (exclude_from_sim no)'
        " (in_bom yes) (on_board yes)"
        f' (dnp no) (uuid "{_id("flag", net)}")',
        f'(property "Reference" "{ref}" (at {at.x:g} {at.y:g} 0) (effects (font (size 1 1)) (hide yes)))',
        f'(property "Value" "{_FLAG}" (at {at.x:g} {at.y - 4:g} 0) (effects (font (size 1 1))))',
        f'(instances (project "{PROJECT}" (path "/{_id("root")}/{_id("sheet", "power")}" (reference "{ref}") (unit 1)))))',
        _label(net, at.x, at.y, 180, _id("label", "flag", net)),
    ]
