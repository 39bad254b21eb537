"""Does the site know this board: its key in the site's database, a handshake by that key, and a call that was made."""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kinline.config import Settings
from kinline.technician.exits import Exit
from kinline.technician.identity import Identity
from kinline.technician.link import BoardLink
from kinline.technician.ports import held
from kinline.technician.trouble import Trouble

if TYPE_CHECKING:
    from kinline.store.calls import CallInfo
    from kinline.store.places import HandsetInfo
    from kinline.store.store import Store

_POLL_S = 0.5


def known(store: "Store", identity: Identity) -> "HandsetInfo | None":
    """The site's handset of this name, None if it has none. Raises Trouble if the site holds another key for it."""
    for info in store.handsets():
        if info.device_id == identity.device:
            if info.psk == identity.key:
                return info
            what = f"the site holds another key for {identity.device}"
            raise Trouble("wrong-key", what, "name the device file that the site was given", Exit.CONFLICT)
        if info.psk == identity.key:
            what = f"the site knows this key as {info.device_id}, not as {identity.device}"
            raise Trouble("key-taken", what, "name a fresh device file", Exit.CONFLICT)
    return None


def placed(settings: Settings, file: Path, identity: Identity, port: str) -> bool:
    """Give the device a block in the site's settings, if it has none. True if that was added. Raises Trouble."""
    for link in settings.handset:
        if link.device_id == identity.device:
            return False
        if link.port == port:
            what = f"{port} is the port of {link.device_id} in {file}"
            raise Trouble("port-taken", what, "name the port where the daemon finds this board: --wall PORT", Exit.CONFLICT)
    try:
        with file.open("a", encoding="utf-8") as settings_file:
            settings_file.write(f'\n[[handset]]\ndevice_id = "{identity.device}"\nport = "{port}"\n')
    except OSError as error:
        raise Trouble("settings-unwritable", f"{file}: {error.strerror}", "run this as their owner", Exit.HOST) from error
    return True


def shaken(port: str, identity: Identity) -> str:
    """The build of a board that proved the key in a handshake. Raises Trouble."""
    with held(port, "enroll") as line:
        return BoardLink(line, {identity.device: identity.key}.get).open().build


def called(store: "Store", device: str, since: datetime, patience_s: float) -> "CallInfo":
    """The first call of this telephone after `since` that is over. Raises Trouble."""
    end = time.monotonic() + patience_s
    # What the daemon wrote is another process's: it can only be asked again.
    while time.monotonic() < end:
        for call in store.calls():
            if call.handset == device and call.started_at >= since and call.ended_at is not None:
                return call
        time.sleep(_POLL_S)
    what = f"no call of {device} ended within {patience_s:.0f} s"
    raise Trouble("no-call", what, "check that the daemon runs and make a call, then run this again", Exit.TEST_FAILED)
