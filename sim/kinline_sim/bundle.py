"""Writes the signed file that carries a firmware to handsets, and the key that signs it. Format: docs/firmware.md.

magic 8 | manifest's length u32 | signature 64 | manifest, JSON | the application's files | the root's files
"""

import json
import os
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from kinline_sim import _board as board
from kinline_sim.compiled import BYTECODE, Firmware

MAGIC = b"KINLINE1"
CONTEXT = b"kinline firmware 1\0"
HEAD = struct.Struct("<8sI64s")
DEVELOPMENT_KEY = Path(__file__).resolve().parents[2] / "build/firmware/development.key"


class SigningKeyError(ValueError):
    """A file that holds no Ed25519 key; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose firmware handsets take."""

    key: Ed25519PrivateKey

    @classmethod
    def load(cls, file: Path) -> Self:
        """From a PEM file without a passphrase; raises SigningKeyError."""
        try:
            key = load_pem_private_key(file.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise SigningKeyError(f"{file}: no signing key ({error}); openssl genpkey -algorithm ed25519 makes one") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyError(f"{file}: not an Ed25519 key; openssl genpkey -algorithm ed25519 makes one")
        return cls(key)

    @classmethod
    def development(cls) -> Self:
        """KINLINE_SIGNING_KEY's, or this copy's own key, made when first needed. Not for handsets on a wall."""
        if named := os.environ.get("KINLINE_SIGNING_KEY"):
            return cls.load(Path(named))
        if not DEVELOPMENT_KEY.exists():
            DEVELOPMENT_KEY.parent.mkdir(parents=True, exist_ok=True)
            made = Ed25519PrivateKey.generate()
            text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            new = DEVELOPMENT_KEY.with_suffix(f".{os.getpid()}")
            new.write_bytes(text)
            new.chmod(0o600)
            try:
                new.rename(DEVELOPMENT_KEY) if not DEVELOPMENT_KEY.exists() else None
            finally:
                new.unlink(missing_ok=True)
        return cls.load(DEVELOPMENT_KEY)

    @property
    def public(self) -> bytes:
        """32 bytes, which a handset is given by cable."""
        return self.key.public_key().public_bytes_raw()


def manifest_of(firmware: Firmware) -> dict[str, Any]:
    """What a handset and a technician are told of a firmware."""

    def listed(files: dict[str, bytes]) -> list[list[Any]]:
        return [[name, len(content), sha256(content).hexdigest()] for name, content in files.items()]

    return {
        "format": 1, "board": board.NAME, "revision": firmware.oldest_board, "version": firmware.version,
        "build": firmware.build, "protocol": [firmware.link["major"], firmware.link["minor"]],
        "schema": firmware.link["schema"], "micropython": firmware.micropython, "bytecode": BYTECODE,
        "files": listed(firmware.application), "root": listed(firmware.root),
    }  # fmt: skip


def pack(firmware: Firmware, signer: Signer, **changes: Any) -> bytes:
    """The bundle; equal firmware and equal key give equal bytes. changes replace entries of the manifest, for tests."""
    manifest = manifest_of(firmware) | changes
    text = json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode()
    signature = signer.key.sign(CONTEXT + sha256(text).digest())
    content = b"".join([*firmware.application.values(), *firmware.root.values()])
    return HEAD.pack(MAGIC, len(text), signature) + text + content


def partition_files(bundle: bytes, signer: bytes, revision: str = board.REVISION) -> dict[str, bytes]:
    """Path and content of what cable flashing puts into an empty partition, identity excepted: the bundle in slot a.

    The bundle must be sound: nothing is verified here. signer is the public key that the handset is to trust.
    """
    _magic, length, _signature = HEAD.unpack_from(bundle)
    text = bundle[HEAD.size : HEAD.size + length]
    manifest = json.loads(text)
    files: dict[str, bytes] = {}
    at = HEAD.size + length
    for place, entries in (("a/", manifest["files"]), ("", manifest["root"])):
        for name, size, _digest in entries:
            files[place + name] = bundle[at : at + size]
            at += size
    files["a/build.txt"] = f"{manifest['version']}-{manifest['build']}".encode()
    files["a/bundle.txt"] = sha256(bundle).hexdigest().encode()
    files["a/manifest.json"] = text
    files["board.json"] = json.dumps({"board": board.NAME, "revision": revision, "signer": signer.hex()}).encode()
    return files
