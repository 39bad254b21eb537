"""PINs: how they are kept and found.

A PIN of four to six digits carries at most 20 bits: no hash is slow enough to protect it from whoever holds both the
database and the site secret. So the secret (kept outside the database) is mixed in first, the hash keeps a light cost,
and guessing at the telephone is stopped by `kinline.accounts.lockout`.
"""

import hashlib
import hmac
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kinline.failure import Failure

# About 10 ms and 8 MiB a check: an inmate at the keypad does not wait, and 44 handsets checking at once
# do not exhaust a small host, as argon2's own default of 64 MiB each would.
_HASHER = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1)


class PinError(Failure, ValueError):
    """A PIN that cannot be given; the text never holds the PIN."""


def check_pin(pin: str) -> str:
    """The PIN itself if it has four to eight digits, else PinError."""
    if not (4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()):
        raise PinError("a PIN has four to eight digits")
    return pin


def easily_guessed(pin: str) -> bool:
    """One digit over and over, or digits in a row up or down: what a neighbor tries first. Kinline makes none of these."""
    steps = {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}


class PinBook:
    """Hashes and finds PINs under a site's secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the site secret needs at least 16 bytes")
        self._pepper = hmac.digest(secret, b"kinline pin pepper", hashlib.sha256)
        self._index_key = hmac.digest(secret, b"kinline pin index", hashlib.sha256)
        # Verified against where there is no hash, for its time alone.
        self._nobody = _HASHER.hash(self._index_key)

    def hash(self, pin: str) -> str:
        """An argon2id hash with its own salt. Raises PinError."""
        return _HASHER.hash(self._peppered(check_pin(pin)))

    def verify(self, pin_hash: str | None, pin: str) -> bool:
        """True if the PIN is the hashed one. Takes as long when there is no hash, so that time tells nothing."""
        try:
            return _HASHER.verify(pin_hash or self._nobody, self._peppered(pin)) and bool(pin_hash)
        except (VerificationError, InvalidHashError):
            return False

    def index(self, facility_id: int, pin: str) -> str:
        """A keyed digest by which PIN-only mode finds its inmate without hashing against everyone."""
        return hmac.new(self._index_key, f"{facility_id}:{pin}".encode(), hashlib.sha256).hexdigest()

    def _peppered(self, pin: str) -> bytes:
        return hmac.digest(self._pepper, pin.encode(), hashlib.sha256)
