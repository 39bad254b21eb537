"""Make a board blank: the only verb that erases an identity."""

from pathlib import Path

from kinline.technician.confirming import Ask, confirmed
from kinline.technician.detect import Detected, detect
from kinline.technician.esptool import Advance, Esptool
from kinline.technician.worksheet import sheet_of


def wipe(tool: Esptool, folder: Path, typed: str | None, ask: Ask, advance: Advance | None = None) -> Detected:
    """Raises Trouble, too if nobody types the serial number."""
    board = detect(tool)
    confirmed("Wiping", board.serial, typed, ask)
    sheet = sheet_of(folder, board.mac)
    tool.run(["erase-flash"], advance=advance)
    sheet.path.with_suffix(".partition").unlink(missing_ok=True)
    for step in ("flash", "provision", "selftest", "enroll", "label"):
        sheet.steps.pop(step, None)
    sheet.note("wipe", {})
    return board
