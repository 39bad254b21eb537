"""KiCad's own check, on the generated schematic: it passes, it sees injected faults, and its absence fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hw.boards import ROOT, changed, check, netlist, sound

_U5 = sound()["parts"]["U5"]["nets"]

# What KiCad must see by itself: its type of complaint.
INJECTED = [
    (changed("parts/U5/nets", _U5 | {"R": "LINK_TX"}), "pin_to_pin"),  # two outputs on one net
    (changed("parts/L1/nets", "BUCK_SW LINK_DE"), "power_pin_not_driven"),
    (changed("parts/R10/nets", "LINK_NRX GND"), "global_label_dangling"),
    (changed("parts/R14", None), "global_label_dangling"),
]


@pytest.mark.parametrize(("raw", "kind"), INJECTED, ids=["two outputs", "undriven supply", "misspelt net", "lone strapping pin"])
def test_an_injected_fault_is_seen(raw: dict[str, object], kind: str) -> None:
    found = check.kicad_faults(netlist.netlist_of(raw), check.KICAD)
    assert any(kind in line for line in found), found


def test_the_whole_check_passes_on_the_board_as_it_is() -> None:
    done = _run()
    assert done.returncode == 0, done.stderr
    assert "rules and KiCad's hold" in done.stdout


def test_the_whole_check_fails_on_a_broken_board(tmp_path: Path) -> None:
    text = (ROOT / "hw/board.toml").read_text()
    assert "R9 = " in text
    broken = tmp_path / "board.toml"
    broken.write_text(text.replace('nets = "LINK_DE GND"', 'nets = "LINK_DE 3V3"'))
    done = _run("--board", str(broken))
    assert done.returncode == 1
    assert "board.toml:" in done.stderr and "is not pulled low" in done.stderr


def test_without_kicad_the_check_fails() -> None:
    done = _run("--kicad", "/nonexistent/kicad-cli")
    assert done.returncode == 1
    assert "run: make setup" in done.stderr


def test_a_contract_that_cannot_be_read_fails(tmp_path: Path) -> None:
    broken = tmp_path / "board.toml"
    broken.write_text("[board\n")
    assert _run("--board", str(broken)).returncode == 1


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, ROOT / "hw/check.py", *arguments], capture_output=True, text=True, check=False)
