"""A board in place of another at the same station."""

from pathlib import Path

from kinline.technician.confirming import Ask
from kinline.technician.detect import detect
from kinline.technician.esptool import Advance, Esptool
from kinline.technician.exits import Exit
from kinline.technician.identity import Identity
from kinline.technician.provision import Provisioned, provision
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import named


def swap(
    tool: Esptool, old: str, new: str, identity: Identity, folder: Path, ask: Ask, advance: Advance | None = None
) -> Provisioned:
    """Retire OLD and provision NEW, which is at the port, for its station. Raises Trouble."""
    leaving = named(folder, old)
    device = leaving.fact("provision", "device") or leaving.fact("retire", "device")
    if device is None:
        raise Trouble("no-station", f"{leaving.serial} has no station to give", "kinline tech provision", Exit.CONFLICT)
    if device != identity.device:
        what = f"{leaving.serial} is {device}, the device file is that of {identity.device}"
        raise Trouble("device-file-of-another", what, f"name the device file of {device}", Exit.CONFLICT)
    board = detect(tool)
    if board.serial != new.upper():
        raise Trouble("other-board", f"the board at the port is {board.serial}, not {new}", f"plug in {new}", Exit.WRONG_BOARD)
    if "retire" not in leaving.steps:
        leaving.steps.pop("provision", None)
        leaving.note("retire", {"device": device, "by": board.serial})
    return provision(tool, identity, folder, close_jtag=False, typed=None, ask=ask, advance=advance)
