"""`kinline tech detect`."""

from dataclasses import asdict

from kinline.cli.output import Json, sheet
from kinline.cli.tech.group import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Sheets, tech_app
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.detect import detect as detected
from kinline.technician.esptool import Esptool
from kinline.technician.worksheet import sheet_of


@tech_app.command()
def detect(port: Port, sheets: Sheets = DEFAULT_SHEETS, baud: Baud = DEFAULT_BAUD, as_json: Json = False) -> None:
    """Say which board is at the port, and refuse the wrong one."""
    with verb("detect", as_json) as teller, ports.lent(port, "detect"):
        board = detected(Esptool(port, baud))
        paper = sheet_of(sheets, board.mac)
        paper.note("detect", {"chip": board.chip, "flash_bytes": board.flash_bytes, "jtag_disabled": board.jtag_disabled})
        shown = {
            "Serial number": board.serial, "MAC": board.mac, "Chip": board.chip, "Flash": f"{board.flash_bytes >> 20} MB",
            "Secure boot": board.secure_boot, "Flash encrypted": board.flash_encrypted, "JTAG closed": board.jtag_disabled,
            "Station": paper.fact("provision", "device"), "Firmware": paper.fact("flash", "firmware"),
        }  # fmt: skip
        teller.done(asdict(board), lambda: sheet(shown), "kinline tech flash")
