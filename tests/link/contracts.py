"""hw/contracts.py and the link contract, for tests: hw/ is a folder of scripts, not a package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HW = Path(__file__).resolve().parents[2] / "hw"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("contracts", HW / "contracts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


contracts = _load()
LINK = contracts.load_link(HW / "link.toml")
BOARD = contracts.load_board(HW / "board.toml")
