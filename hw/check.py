"""Check the board: our own electrical rules, then KiCad's on the generated schematic (make hw-check).

Usage: python hw/check.py [--board FILE] [--kicad COMMAND]
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import schematic
from contracts import ContractError
from netlist import Netlist, netlist_of
from rules import RULES, Fault, faults

ROOT = Path(__file__).resolve().parent.parent
KICAD = ROOT / "build/kicad/kicad-cli"
_MOST = 20  # of KiCad's complaints, printed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", type=Path, default=ROOT / "hw/board.toml")
    parser.add_argument("--kicad", type=Path, default=KICAD, help="KiCad's command line")
    arguments = parser.parse_args()
    text = arguments.board.read_text()
    try:
        netlist = netlist_of(tomllib.loads(text))
        found = faults(netlist)
        report = [f"{_place(arguments.board.name, text, fault)}: {fault}" for fault in found]
        report += kicad_faults(netlist, arguments.kicad)
    except (ContractError, tomllib.TOMLDecodeError, ValueError) as error:
        report = [str(error)]
    for line in report:
        print(f"hw-check: {line}", file=sys.stderr)
    if not report:
        print(f"hw-check: {len(RULES)} rules and KiCad's hold for {len(netlist.parts)} parts on {len(netlist.nets)} nets")
    return 1 if report else 0


def _place(file: str, text: str, fault: Fault) -> str:
    """File and line of an entry such as parts.R1 or pins.HOOK_SENSE; the file alone for what is computed."""
    table, _, key = fault.place.partition(".")
    key = re.escape(key.partition(".")[0])
    begin = re.search(rf"^\[{re.escape(table)}\]", text, re.MULTILINE)
    patterns = [(rf"^\[{re.escape(table)}\.{key}\]", 0), (rf"^{key}\s*=", begin.end() if begin else 0)]
    for pattern, start in patterns:
        if match := re.compile(pattern, re.MULTILINE).search(text, start):
            return f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
    return file


def kicad_faults(n: Netlist, command: Path) -> list[str]:
    """What KiCad's electrical check finds, and whether it reads the very nets that board.toml describes."""
    if not command.exists():
        return [f"{command} is missing, so nothing checked the schematic; run: make setup"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in schematic.files(n).items():
            (folder / file).write_text(text)
        root, report, nets = folder / f"{schematic.PROJECT}.kicad_sch", folder / "erc.json", folder / "nets.xml"
        for work in (
            ["erc", "--severity-error", "--severity-warning", "--format", "json", "--output", report],
            ["export", "netlist", "--format", "kicadxml", "--output", nets],
        ):
            done = subprocess.run([command, "sch", *work, root], capture_output=True, text=True, check=False)
            if done.returncode or not Path(work[-1]).exists():
                return [f"KiCad ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"]
        sheets = json.loads(report.read_text())["sheets"]
        found = [f"KiCad: {sheet['path']} {_complaint(v)}" for sheet in sheets for v in sheet["violations"]]
        return found[:_MOST] + _differences(n, nets)


def _complaint(violation: dict[str, object]) -> str:
    items = violation["items"]
    assert isinstance(items, list)
    return f"{violation['type']}: {violation['description']} ({'; '.join(item['description'] for item in items)})"


def _differences(n: Netlist, nets: Path) -> list[str]:
    read = {
        net.get("name", "").lstrip("/"): {(node.get("ref"), node.get("pin")) for node in net.iter("node")}
        for net in ET.parse(nets).getroot().iter("net")
    }
    ours = {net: {(part.ref, pin.number) for part, pin in pins} for net, pins in n.nets.items()}
    return [
        f"KiCad reads net {net} otherwise than board.toml has it: {sorted(ours[net] ^ read.get(net, set()), key=str)}"
        for net in ours
        if read.get(net) != ours[net]
    ]


if __name__ == "__main__":
    sys.exit(main())
