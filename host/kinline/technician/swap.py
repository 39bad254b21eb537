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


def station(folder: Path, old: str) -> str:
    """The device at whose station OLD hangs, or hung until it was retired. Raises Trouble."""
    leaving = named(folder, old)
    device = leaving.fact("provision", "device") or leaving.fact("retire", "device")
    if device is None:
        raise Trouble("no-station", f"{leaving.serial} has no station to give", "kinline tech provision", Exit.CONFLICT)
    return str(device)


def swap(
    tool: Esptool, old: str, new: str, identity: Identity, folder: Path, ask: Ask, advance: Advance | None = None
) -> Provisioned:
    """Retire OLD and provision NEW, which is at the port, as the identity of its station. Raises Trouble."""
    board = detect(tool)
    if board.serial != new.upper():
        raise Trouble("other-board", f"the board at the port is {board.serial}, not {new}", f"plug in {new}", Exit.WRONG_BOARD)
    leaving = named(folder, old)
    if "retire" not in leaving.steps:
        leaving.steps.pop("provision", None)
        leaving.note("retire", {"device": identity.device, "by": board.serial})
    return provision(tool, identity, folder, close_jtag=False, typed=None, ask=ask, advance=advance)
