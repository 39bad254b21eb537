"""What was done to which board, for good: JSON lines, each with the hash of the one before, and a page to print."""

import fcntl
import html
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from kinline.technician.exits import Exit
from kinline.technician.label import label_of
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import Worksheet

LEDGER = "record.jsonl"
START = "0" * 64


def append(folder: Path, sheet: Worksheet, by: str) -> dict[str, Any]:
    """Add the work sheet as it stands. Raises Trouble if the chain is broken: nothing is added to a forged one."""
    path = folder / LEDGER
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # protects the chain: two technicians may share a folder
        file.seek(0)
        head, count = START, 0
        for _, entry in _read(path, file.read()):
            head, count = entry["hash"], count + 1
        entry = {
            "number": count + 1, "at": datetime.now(UTC).isoformat(timespec="seconds"), "by": by, "serial": sheet.serial,
            "mac": sheet.mac, "steps": sheet.steps, "before": head,
        }  # fmt: skip
        entry["hash"] = _hash(entry)
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return entry


def verified(folder: Path) -> list[dict[str, Any]]:
    """Every entry of an unbroken chain. Raises Trouble naming the first line that does not fit."""
    path = folder / LEDGER
    return [entry for _, entry in _read(path, path.read_text(encoding="utf-8") if path.exists() else "")]


def _read(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    head = START
    for number, line in enumerate(text.splitlines(), 1):
        try:
            entry = json.loads(line)
            sound = entry["number"] == number and entry["before"] == head and entry["hash"] == _hash(entry)
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            step = f"restore {path} from its copy"
            raise Trouble("record-broken", f"{path}:{number} is not what was written there", step, Exit.CONFLICT)
        head = entry["hash"]
        yield number, entry


def _hash(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "hash"}
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def page(entry: dict[str, Any], sheet: Worksheet) -> str:
    """One sheet of paper as HTML, its QR code inside."""
    label = label_of(sheet)
    code = label.code().svg_inline(scale=3, border=4)
    facts = {
        "Telephone": label.device, "Serial number": label.serial, "MAC": label.mac, "Firmware": label.firmware,
        "Key fingerprint": label.key, "By": entry["by"], "Recorded": entry["at"],
        "Entry": f"{entry['number']}, {entry['hash']}",
    }  # fmt: skip
    rows = "".join(f"<tr><th>{html.escape(name)}<td>{html.escape(str(value))}" for name, value in facts.items())
    steps = "".join(
        f"<tr><th>{html.escape(name)}<td>{html.escape(found['at'])}<td>{html.escape(_facts(found))}"
        for name, found in sheet.steps.items()
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(label.serial)}</title>
<style>
@page {{ size: A4; margin: 20mm }}
body {{ font: 11pt sans-serif; max-width: 170mm; margin: 10mm auto }}
h1 {{ font-size: 18pt }} h2 {{ font-size: 13pt; margin-top: 10mm }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: 1.5mm 4mm 1.5mm 0 }}
th, td {{ border-bottom: .2mm solid #bbb; overflow-wrap: anywhere }}
th {{ width: 34mm; font-weight: 600 }}
.code {{ float: right }}
</style>
<div class="code">{code}</div>
<h1>{html.escape(label.device)}</h1>
<table>{rows}</table>
<h2>Steps</h2>
<table>{steps}</table>
<h2>Signature</h2><p>&nbsp;</p><hr>
"""


def _facts(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items() if name != "at")
