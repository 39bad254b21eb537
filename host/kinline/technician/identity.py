"""Who a board is: the device file, as it lies on the host's side and on the board."""

import json
import os
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

_KEY_BYTES = 16
_LONGEST = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """A device id of 1 to 32 bytes, the station at which it hangs, and its key of 16 bytes, which is never shown."""

    device: str
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart, and tells nothing of them: 16 hex digits in groups of four."""
        digits = sha256(b"kinline device key\0" + self.key).hexdigest()[:16]
        return "-".join(digits[at : at + 4] for at in range(0, 16, 4))

    def as_json(self) -> bytes:
        return json.dumps({"device": self.device, "key": self.key.hex()}).encode()


def parsed(text: bytes | None) -> Identity | None:
    """The identity in a device file's content; None if it holds none."""
    try:
        found = json.loads(text or b"")
        device, key = str(found["device"]), str(found["key"])
        if re.fullmatch(r"[0-9a-fA-F]{32}", key) and 0 < len(device.encode()) <= _LONGEST:
            return Identity(device, bytes.fromhex(key))
    except (ValueError, KeyError, TypeError):
        pass
    return None


def device_file(path: Path, device: str | None = None) -> Identity:
    """The identity in a file; with `device`, made with a fresh key if the file does not exist. Raises Trouble."""
    identity, made = existing_or_fresh(path, device)
    if made:
        keep(path, identity)
    return identity


def existing_or_fresh(path: Path, device: str | None = None) -> tuple[Identity, bool]:
    """The identity in a file, or one for `device` that is in no file yet, and whether it is that. Raises Trouble."""
    if not path.exists():
        if not device:
            step = "name the DEVICE, and it is made with a fresh key"
            raise Trouble("device-file-missing", f"there is no {path}", step, Exit.USAGE)
        if not 0 < len(device.encode()) <= _LONGEST:
            raise Trouble("device-malformed", f"{device!r} is no device id", "choose 1 to 32 characters", Exit.USAGE)
        return Identity(device, secrets.token_bytes(_KEY_BYTES)), True
    try:
        found = parsed(path.read_bytes())
    except OSError as error:
        raise Trouble("device-file-unreadable", f"{path}: {error.strerror}", "run this as its owner", Exit.USAGE) from error
    if found is None:
        what = f'{path} is not a device file; one holds {{"device": "…", "key": "32 hex digits"}}'
        raise Trouble("device-file-broken", what, "name the file that kinline handset add wrote", Exit.USAGE)
    if device and device != found.device:
        step = f"name the device file of {device}"
        raise Trouble("device-file-of-another", f"{path} belongs to {found.device}, not to {device}", step, Exit.CONFLICT)
    return found, False


def keep(path: Path, identity: Identity) -> None:
    """A new file, for its owner's eyes. Raises Trouble."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(identity.as_json())
    except OSError as error:
        step = "name a file in another folder"
        raise Trouble("device-file-unwritable", f"{path}: cannot be written: {error.strerror}", step, Exit.USAGE) from error
