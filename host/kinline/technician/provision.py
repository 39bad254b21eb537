"""Give a board its identity: the device it is (its station) and that device's key."""

from dataclasses import dataclass
from pathlib import Path

from kinline.technician import efuses
from kinline.technician.confirming import Ask, confirmed
from kinline.technician.detect import Detected, detect, with_efuses
from kinline.technician.esptool import Advance, Esptool
from kinline.technician.exits import Exit
from kinline.technician.identity import Identity, parsed
from kinline.technician.rewriting import IDENTITY, Files, changed
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import Worksheet, sheet_of, sheets


@dataclass(frozen=True, slots=True)
class Provisioned:
    board: Detected
    device: str
    fingerprint: str
    already: bool
    jtag_closed: bool


def provision(
    tool: Esptool, identity: Identity, folder: Path, close_jtag: bool, typed: str | None, ask: Ask, advance: Advance | None = None
) -> Provisioned:
    """Put the identity on the board, unless that or the board belongs together with another. Raises Trouble."""
    board = detect(tool)
    sheet = sheet_of(folder, board.mac)
    _only_one_board(identity, sheet, folder)

    def put(files: Files) -> Files:
        _only_one_identity(parsed(files.get(IDENTITY)), identity, sheet)
        return files | {IDENTITY: identity.as_json()}

    before, after = changed(tool, sheet, put, advance)
    sheet.note("provision", {"device": identity.device, "fingerprint": identity.fingerprint})
    if close_jtag and not _closed(with_efuses(tool, board)):
        efuses.rehearsed()
        confirmed("Closing JTAG", board.serial, typed, ask)
        efuses.burned(tool.port)
        sheet.note("efuses", {"burned": list(efuses.CLOSE_JTAG)})
    return Provisioned(board, identity.device, identity.fingerprint, before == after, close_jtag)


def _closed(board: Detected) -> bool:
    return board.efuses is not None and board.efuses.jtag_closed


def _only_one_board(identity: Identity, sheet: Worksheet, folder: Path) -> None:
    """No two telephones with one station."""
    for other in sheets(folder):
        if other.serial != sheet.serial and other.fact("provision", "device") == identity.device:
            raise Trouble(
                "station-taken", f"{identity.device} is board {other.serial}, not {sheet.serial}",
                f"kinline tech swap {other.serial} {sheet.serial}", Exit.CONFLICT,
            )  # fmt: skip


def _only_one_identity(held: Identity | None, wanted: Identity, sheet: Worksheet) -> None:
    """No telephone with two."""
    if held is None or held == wanted:
        return
    if held.device == wanted.device:
        what = f"the board is {held.device} under another key ({held.fingerprint}, not {wanted.fingerprint})"
        step = "name the device file that belongs to this board"
        raise Trouble("wrong-key", what, step, Exit.CONFLICT)
    what = f"the board is {held.device} already, so it cannot be {wanted.device}"
    raise Trouble("board-taken", what, f"kinline tech wipe --serial {sheet.serial}", Exit.CONFLICT)
