"""Boards with something wrong: the contract as it is, changed at one place."""

import copy
import importlib
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Raw = dict[str, Any]
sys.path.insert(0, str(ROOT / "hw"))
netlist = importlib.import_module("netlist")
rules = importlib.import_module("rules")
check = importlib.import_module("check")
schematic = importlib.import_module("schematic")
contracts = importlib.import_module("contracts")

_SOUND = tomllib.loads((ROOT / "hw/board.toml").read_text())


def sound() -> Raw:
    return copy.deepcopy(_SOUND)


def changed(path: str, value: object) -> Raw:
    """The contract with the entry at a dotted path replaced; None removes it."""
    raw = sound()
    *folders, last = path.split("/")
    table = raw
    for key in folders:
        table = table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value
    return raw


def moved(pin: str, gpio: int) -> Raw:
    """The contract with one of the firmware's pins on another GPIO, its old one left open."""
    raw = changed(f"pins/{pin}/gpio", gpio)
    nets = raw["parts"]["U1"]["nets"]
    nets.pop(f"IO{gpio}", None)
    nets[f"IO{_SOUND['pins'][pin]['gpio']}"] = "-"
    return raw
