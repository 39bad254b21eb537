"""The work sheet of one board: which steps are done, and what each found. A step may be repeated; the last one counts."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble


def serial_of(mac: str) -> str:
    """The serial number of the board with this MAC: the chip carries no other that is unique and readable."""
    return "KW" + mac.replace(":", "").upper()


@dataclass
class Worksheet:
    """One JSON file a board, named by its serial number, never holding a key. `steps`: verb to its facts."""

    path: Path
    mac: str
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def serial(self) -> str:
        return serial_of(self.mac)

    def note(self, step: str, facts: Mapping[str, Any]) -> None:
        """Write down that a step is done; the file is whole before and after a power cut."""
        self.steps[step] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
        text = json.dumps({"serial": self.serial, "mac": self.mac, "steps": self.steps}, indent=2)
        draft = self.path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    def fact(self, step: str, name: str) -> Any:
        """What a step found, or None if it was not done."""
        return self.steps.get(step, {}).get(name)


def sheet_of(folder: Path, mac: str) -> Worksheet:
    """The board's sheet, a new one if it has none. Raises Trouble."""
    path = folder / f"{serial_of(mac)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return Worksheet(path, mac)
        found = json.loads(path.read_text(encoding="utf-8"))
        return Worksheet(path, found["mac"], found["steps"])
    except OSError as error:
        step = "name a folder that you may write: --sheets DIR"
        raise Trouble("sheets-unwritable", f"{folder}: {error.strerror}", step, Exit.USAGE) from error
    except (ValueError, KeyError, TypeError) as error:
        step = f"move it away: mv {path} {path}.broken"
        raise Trouble("sheet-broken", f"{path} is not a work sheet", step, Exit.USAGE) from error


def sheets(folder: Path) -> list[Worksheet]:
    """All sheets in a folder. Raises Trouble."""
    found = sorted(folder.glob("KW*.json"))
    return [sheet_of(folder, _mac_in(path.stem)) for path in found]


def _mac_in(serial: str) -> str:
    digits = serial.removeprefix("KW").lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def named(folder: Path, name: str | None) -> Worksheet:
    """The sheet of a board by serial number or device; without a name that of the last one worked on. Raises Trouble."""
    found = sheets(folder)
    if name is not None:
        found = [one for one in found if name.upper() == one.serial or name == one.fact("provision", "device")]
    if not found:
        what = f"no board {name} was worked on here" if name else "no board was worked on here yet"
        raise Trouble("board-unknown", what, "kinline tech detect", Exit.USAGE)
    return max(found, key=lambda one: one.path.stat().st_mtime_ns)
