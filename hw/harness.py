"""What leaves the board, as WireViz reads it: connectors, cables and which wire goes where."""

from netlist import Netlist, Part

_FAR_ENDS = {
    # name: what it is, and the pins' labels where they are not a part's of the board
    "X4": ("reed, lid switch, wall switch", ("HOOK", "HOOK return", "CASE", "CASE return")),
    "KP1": ("keypad", ()),
    "PORT": ("port at the host's rack", ()),
}


def wireviz(n: Netlist) -> str:
    """harness.yml: the input from which the harness drawing and its own bill of materials are made."""
    lines = ["# GENERATED from hw/board.toml by hw/generate.py (make gen). Do not edit.", "connectors:"]
    cables, connections = ["cables:"], ["connections:"]
    for name, cable in n.raw["harness"].items():
        near = n.part(cable["from"], f"harness.{name}.from")
        wires = [pin for pin in near.pins if pin.name != "SHIELD"]
        labels = [pin.net for pin in wires]
        numbers = [pin.number for pin in wires]
        lines += _connector(near.ref, near.mpn, near.does, numbers, labels)
        lines += _far_end(n, cable["to"], numbers, labels)
        cables += [
            f"  {name}:",
            f"    type: {_quoted(cable['does'])}",
            f"    gauge: {cable['gauge_mm2']} mm2",
            f"    length: {cable['length_m']}",
            f"    wirecount: {len(wires)}",
            f"    colors: [{', '.join(cable['colors'])}]",
            f"    notes: {_quoted(cable['note'])}",
        ]
        far = cable["to"]
        far_pins = list(range(1, len(wires) + 1)) if far in n.parts or far == "X4" else numbers
        connections += [
            "  -",
            f"    - {near.ref}: [{', '.join(numbers)}]",
            f"    - {name}: [1-{len(wires)}]",
            f"    - {far}: [{', '.join(map(str, far_pins))}]",
        ]
    return "\n".join([*lines, *cables, *connections]) + "\n"


def _connector(name: str, kind: str, does: str, numbers: list[str], labels: list[str]) -> list[str]:
    return [
        f"  {name}:",
        f"    type: {_quoted(kind)}",
        f"    subtype: {_quoted(does)}",
        f"    pins: [{', '.join(numbers)}]",
        f"    pinlabels: [{', '.join(map(_quoted, labels))}]",
    ]


def _far_end(n: Netlist, name: str, numbers: list[str], labels: list[str]) -> list[str]:
    if name in n.parts:
        part = n.parts[name]
        lines = _connector(name, part.mpn, part.does, [p.number for p in part.pins], [p.name for p in part.pins])
    else:
        does, own = _FAR_ENDS[name]
        lines = _connector(name, does, "", [str(i + 1) for i in range(len(own))] if own else numbers, list(own) or labels)
        lines = [line for line in lines if not line.endswith('subtype: ""')]
    ends = _far_resistors(n, name)
    if ends:
        lines.append("    additional_components:")
        for part in ends:
            lines += [f"      - type: {_quoted(f'{part.ref}, {part.value} ohm: {part.does}')}", "        qty: 1"]
    return lines


def _far_resistors(n: Netlist, name: str) -> list[Part]:
    loops = {"HS1": ("cord",), "X4": ("hook", "case")}.get(name, ())
    refs = [n.raw["loops"][loop][key] for loop in loops for key in ("end", "contact") if key in n.raw["loops"][loop]]
    return [n.parts[ref] for ref in refs]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'
