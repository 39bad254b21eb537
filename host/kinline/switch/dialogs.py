"""The calls that are up at the switch, kept in files, so that a daemon that comes back can end those it was killed in."""

import dataclasses
import json
from pathlib import Path

from kinline.counters import counters
from kinline.logs import log
from kinline_engine.sip import Dialog

_log = log(part="dialogs")


class Dialogs:
    """One file a call, written once it is answered and removed with its end. The folder is this daemon's own.

    Not in the database: whoever needs them needs them before it, and what an anonymous call leaves there is less.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[int, Path] = {}

    def keep(self, leg: int, dialog: Dialog) -> None:
        """Remember a call until `forget`. A folder that takes nothing is logged: the call is worth more than its file."""
        path = self._folder / f"{dialog.call_id.encode().hex()[:120]}.json"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(json.dumps(dataclasses.asdict(dialog)))
        except OSError as error:
            counters.add("dialog_not_kept")
            _log.error("a kill of this daemon would leave the far end up", error=str(error), next="check the data folder")
            return
        self._kept[leg] = path

    def forget(self, leg: int) -> None:
        """The call has ended."""
        if path := self._kept.pop(leg, None):
            path.unlink(missing_ok=True)

    def adopt(self, leg: int, path: Path) -> None:
        """A call of an earlier daemon is being ended as this leg."""
        self._kept[leg] = path

    def left(self) -> list[tuple[Path, Dialog]]:
        """What an earlier daemon left up. A file that cannot be read is removed: it ends no call."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append((path, Dialog(**json.loads(path.read_text()))))
            except (OSError, ValueError, TypeError) as error:
                counters.add("dialog_unreadable")
                _log.warning("what a killed daemon kept of a call cannot be read", file=path.name, error=str(error))
                path.unlink(missing_ok=True)
        return found
