"""Staff's bearer tokens: how they are written, and how they are kept.

A token carries 256 random bits, so unlike a PIN it needs no slow hash; the site's secret is mixed in, so that whoever
reads or changes the database alone can neither use a token nor put in one of their own.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

# "kinline", the public id by which the row is found, the secret.
_TOKEN = re.compile(r"kinline_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")

ID_BYTES = 8
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner keeps it. Only `id` may be shown, logged or stored in clear."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Token(id={self.id!r})"

    def text(self) -> str:
        return f"kinline_{self.id}_{self.secret}"


def read_token(text: str) -> Token | None:
    """The token that a text holds, or None if it is none."""
    found = _TOKEN.fullmatch(text)
    return Token(*found.groups()) if found else None


class TokenBook:
    """Digests tokens under a site's secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the site secret needs at least 16 bytes")
        self._key = hmac.digest(secret, b"kinline staff token", hashlib.sha256)

    def digest(self, token: Token) -> str:
        return hmac.new(self._key, token.text().encode(), hashlib.sha256).hexdigest()

    def matches(self, digest: str | None, token: Token) -> bool:
        """Compared in constant time, and as long where there is no digest."""
        own = self.digest(token)
        return hmac.compare_digest(digest or own[::-1], own) and digest is not None
