"""The label on a board: what identifies it, for people and as a QR code, and nothing secret."""

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import Worksheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INCHES = (2.6, 1.1)  # a common thermal label, 66 by 28 mm
_DPI = 300
_QUIET_ZONE = 4  # modules, ISO/IEC 18004


@dataclass(frozen=True, slots=True)
class Label:
    serial: str
    mac: str
    firmware: str
    device: str
    key: str  # its fingerprint

    def code(self) -> segno.QRCode:
        """JSON, error correction M: a scratched label still reads."""
        return segno.make_qr(json.dumps(asdict(self), separators=(",", ":")), error="m")


def label_of(sheet: Worksheet) -> Label:
    """Raises Trouble if the board is not flashed and provisioned yet."""
    firmware, device = sheet.fact("flash", "firmware"), sheet.fact("provision", "device")
    if not firmware or not device:
        missing = "flash" if not firmware else "provision"
        raise Trouble("not-ready", f"{sheet.serial} has had no {missing} yet", f"kinline tech {missing}", Exit.USAGE)
    return Label(sheet.serial, sheet.mac, str(firmware), str(device), str(sheet.fact("provision", "fingerprint")))


def draw(label: Label, path: Path) -> None:
    """A PNG or SVG by the path's suffix. Raises Trouble."""
    if path.suffix.lower() not in (".png", ".svg"):
        what, step = f"{path} is neither a PNG nor an SVG", "name a file that ends in .png or .svg"
        raise Trouble("picture-unknown", what, step, Exit.USAGE)
    from matplotlib.figure import Figure  # a fifth of the command's start, which only this verb is to pay

    figure = Figure(figsize=_INCHES, dpi=_DPI)
    code = figure.add_axes((0.0, 0.0, _INCHES[1] / _INCHES[0], 1.0))
    modules = [list(row) for row in label.code().matrix_iter(border=_QUIET_ZONE)]
    code.imshow(modules, cmap="binary", interpolation="nearest", vmin=0, vmax=1)
    code.set_axis_off()
    left = _INCHES[1] / _INCHES[0] + 0.01
    figure.text(left, 0.80, label.device, fontsize=11, fontweight="bold", va="center")
    for height, name, value in (
        (0.58, "S/N", label.serial), (0.43, "MAC", label.mac), (0.28, "FW", label.firmware), (0.13, "KEY", label.key)
    ):  # fmt: skip
        figure.text(left, height, name, fontsize=5, va="center", color="0.35")
        figure.text(left + 0.075, height, value, fontsize=5.2, family="monospace", va="center")
    _save(figure, path)


def _save(figure: "Figure", path: Path) -> None:
    from matplotlib import rc_context

    made = io.BytesIO()
    # No date inside: equal labels are equal files.
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "kinline", "svg.fonttype": "path"}):
        figure.savefig(made, format=path.suffix[1:].lower(), metadata=metadata)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.getvalue())
    except OSError as error:
        raise Trouble("picture-unwritable", f"{path}: {error.strerror}", "name a file in another folder", Exit.USAGE) from error
