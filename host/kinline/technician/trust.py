"""Whose firmware this laptop takes: named once, remembered, and never changed silently."""

import re
from pathlib import Path

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

_FILE = "signer.hex"
_FORM = re.compile(r"[0-9a-f]{64}")


def signer(folder: Path, named: str | None) -> bytes:
    """The public key to hold bundles to, 32 bytes; `named` in hex, or as the file that holds it. Raises Trouble."""
    if named and Path(named).is_file():
        named = Path(named).read_text(errors="replace").strip()
    path = folder / _FILE
    remembered = path.read_text().strip() if path.exists() else None
    if named is None:
        if remembered is None:
            step = "name the key that make firmware shows: --signer FILE"
            raise Trouble("signer-unknown", "this laptop does not know whose firmware to take", step, Exit.USAGE)
        return bytes.fromhex(remembered)
    if not _FORM.fullmatch(named.lower()):
        raise Trouble("signer-malformed", "a signer's public key is 64 hex digits", "copy it whole", Exit.USAGE)
    if remembered not in (None, named.lower()):
        what = f"this laptop takes firmware signed by {str(remembered)[:16]}…, not by {named[:16]}…"
        raise Trouble("signer-changed", what, f"if that is right: rm {path}", Exit.BAD_IMAGE)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(named.lower() + "\n")
    return bytes.fromhex(named)
