"""The facility's recording keys. Each recording has a key of its own, wrapped (RFC 3394) under the facility's newest.

The key file holds one key a line, the oldest first; older ones stay, so that what they sealed can still be heard.
"""

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kinline.recordings.errors import RecordingError

KEY_BYTES = 32
_EXPLAINED = """\
# Kinline: the keys of this site's recordings, one a line. The last one seals new recordings, the others open older ones.
# Keep a copy in a safe place apart from the recordings: without it nobody can hear them again.
"""


@dataclass(frozen=True, slots=True)
class SiteKey:
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """By which a recording names it; follows from the key, so that no file can say otherwise."""
        return hashlib.sha256(b"kinline recording key" + self.secret).hexdigest()[:16]

    def signing_key(self) -> Ed25519PrivateKey:
        """What exports are signed with."""
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"kinline export signature").derive(self.secret)
        return Ed25519PrivateKey.from_private_bytes(derived)

    def public_key(self) -> str:
        """By which anybody can check an export, as 64 hexadecimal digits."""
        return self.signing_key().public_key().public_bytes_raw().hex()


@dataclass(frozen=True, slots=True)
class Keyring:
    """A key file as it was read."""

    file: Path
    keys: tuple[SiteKey, ...]

    @property
    def newest(self) -> SiteKey:
        return self.keys[-1]

    def wrapped(self, secret: bytes) -> str:
        """A recording's own key, as the recording may carry it."""
        return aes_key_wrap(self.newest.secret, secret).hex()

    def unwrapped(self, key_id: str, wrapped: str, recording: Path) -> bytes:
        """Raises RecordingError if the key is not here, or does not open it."""
        key = next((key for key in self.keys if key.id == key_id), None)
        if key is None:
            raise RecordingError(
                f"{recording}: sealed under key {key_id}, which is not in {self.file}; put that key's line back into the file"
            )
        try:
            return aes_key_unwrap(key.secret, bytes.fromhex(wrapped))
        except (InvalidUnwrap, ValueError) as error:
            raise RecordingError(f"{recording}: its own key is damaged; restore the file from the backup") from error


def load_keys(file: Path) -> Keyring:
    """Read a key file. Raises RecordingError naming the file, the line and the next step."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise RecordingError(f"{file}: others than its owner can read the recording keys; run: chmod 600 {file}")
        lines = file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError as error:
        raise RecordingError(
            f"{file}: there are no recording keys; put the file back from the backup, or make new ones for a new site: "
            "kinline recordings rotate"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{file}: the recording keys cannot be read: {error}; check the file and its owner") from error
    keys = tuple(_key(file, number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#")
    if not keys:
        raise RecordingError(f"{file}: has no key in it; put it back from the backup")
    return Keyring(file, keys)


def made_keys(file: Path, recordings: Path) -> Keyring:
    """The keys, made at the first use. A site that has recordings has keys already: none are made in place of lost ones."""
    if not file.exists() and not any(recordings.glob("*.klr")):
        _written(file, (_fresh(),))
    return load_keys(file)


def rotate_keys(file: Path) -> Keyring:
    """Add a key, under which the recordings from now on are sealed."""
    keys = load_keys(file).keys if file.exists() else ()
    _written(file, (*keys, _fresh()))
    return load_keys(file)


def _fresh() -> SiteKey:
    return SiteKey(secrets.token_bytes(KEY_BYTES))


def _key(file: Path, number: int, line: str) -> SiteKey:
    try:
        secret = bytes.fromhex(line)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise RecordingError(f"{file}, line {number}: is not a key of {2 * KEY_BYTES} hexadecimal digits; restore the file")
    return SiteKey(secret)


def _written(file: Path, keys: tuple[SiteKey, ...]) -> None:
    """Whole or not at all: a lost key is a lost recording."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(_EXPLAINED + "".join(f"{key.secret.hex()}\n" for key in keys))
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise RecordingError(f"{file}: the recording keys cannot be written: {error.strerror}; check the folder") from error
