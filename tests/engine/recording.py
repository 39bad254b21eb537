"""Recording in the tests of the engine: under a key ring that they all know."""

import secrets
from os import PathLike
from pathlib import Path

from kinline.recordings.keys import Keyring, SiteKey
from kinline.recordings.sealed import head_text
from kinline_engine.engine import RecordedCall

KEYS = Keyring(Path("test.key"), (SiteKey(bytes(range(32))),))


def record(call: RecordedCall, path: str | PathLike[str], rate: int = 8000) -> None:
    """Record a call to a new file that `KEYS` opens."""
    secret = secrets.token_bytes(32)
    call.record(path, key=secret, head=head_text({"call": 1}, KEYS.newest.id, KEYS.wrapped(secret), rate), rate=rate)
