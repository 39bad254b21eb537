"""`kinline tech detect`."""

from dataclasses import asdict

from kinline.cli.options import Json
from kinline.cli.output import sheet
from kinline.cli.tech.options import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Sheets
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.detect import detect as detected
from kinline.technician.detect import with_efuses
from kinline.technician.esptool import Esptool
from kinline.technician.worksheet import sheet_of


def detect(port: Port, sheets: Sheets = DEFAULT_SHEETS, baud: Baud = DEFAULT_BAUD, as_json: Json = False) -> None:
    with verb("detect", as_json) as teller, ports.lent(port, "detect"):
        tool = Esptool(port, baud)
        board = with_efuses(tool, detected(tool))
        efuses = board.efuses
        assert efuses is not None
        paper = sheet_of(sheets, board.mac)
        paper.note("detect", {"chip": board.chip, "flash_bytes": board.flash_bytes, "jtag_closed": efuses.jtag_closed})
        shown = {
            "Serial number": board.serial, "MAC": board.mac, "Chip": board.chip, "Flash": f"{board.flash_bytes >> 20} MB",
            "Secure boot": efuses.secure_boot, "Flash encrypted": efuses.flash_encrypted, "JTAG closed": efuses.jtag_closed,
            "Station": paper.fact("provision", "device"), "Firmware": paper.fact("flash", "firmware"),
        }  # fmt: skip
        teller.done(asdict(board), lambda: sheet(shown), "kinline tech flash")
