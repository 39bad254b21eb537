"""The signed file that carries a firmware (docs/firmware.md): judged whole before anything of it is used."""

import json
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kinline.handsets import _board
from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

_MAGIC = b"KINLINE1"
_CONTEXT = b"kinline firmware 1\0"
_HEAD = struct.Struct("<8sI64s")
_LONGEST_MANIFEST = 16_384
_FIRST_SLOT = "a/"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sound bundle. application and root: path to content; signer: the 32 bytes of the public key that it was held to."""

    path: Path
    manifest: dict[str, Any]
    manifest_text: bytes
    digest: str
    application: dict[str, bytes]
    root: dict[str, bytes]
    signer: bytes

    @property
    def name(self) -> str:
        """Version and build, as the handset says them in its hello."""
        return f"{self.manifest['version']}-{self.manifest['build']}"

    def partition_files(self) -> dict[str, bytes]:
        """What an empty file system gets, identity excepted: the application in the first slot, and what starts it."""
        files = {_FIRST_SLOT + name: content for name, content in self.application.items()} | self.root
        files[_FIRST_SLOT + "build.txt"] = self.name.encode()
        files[_FIRST_SLOT + "bundle.txt"] = self.digest.encode()
        files[_FIRST_SLOT + "manifest.json"] = self.manifest_text
        facts = {"board": _board.NAME, "revision": _board.REVISION, "signer": self.signer.hex()}
        files["board.json"] = json.dumps(facts).encode()
        return files


def read(path: Path, signer: bytes) -> Bundle:
    """The bundle in a file, if `signer` signed it, it is whole, and it is for this board. Raises Trouble."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Trouble("bundle-missing", f"{path}: {error.strerror}", "make one: make firmware", Exit.BAD_IMAGE) from error
    if len(content) < _HEAD.size:
        raise _refused("bundle-truncated", f"{path} is cut off")
    magic, length, signature = _HEAD.unpack_from(content)
    if magic != _MAGIC or not 0 < length <= _LONGEST_MANIFEST:
        raise _refused("bundle-foreign", f"{path} is no firmware bundle")
    text = content[_HEAD.size : _HEAD.size + length]
    if len(text) < length:
        raise _refused("bundle-truncated", f"{path} is cut off")
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, _CONTEXT + sha256(text).digest())
    except InvalidSignature:
        what = f"{path} is not signed by {signer.hex()[:16]}…"
        raise _refused("bundle-unsigned", what, "get it from whoever signs your firmware") from None
    return _unpacked(path, content, json.loads(text), text, signer)


def _unpacked(path: Path, content: bytes, manifest: dict[str, Any], text: bytes, signer: bytes) -> Bundle:
    if manifest["board"] != _board.NAME:
        raise _refused("bundle-foreign", f"{path} is for board {manifest['board']}, not {_board.NAME}", "name another bundle")
    places: dict[str, dict[str, bytes]] = {}
    at = _HEAD.size + len(text)
    for place in ("files", "root"):
        places[place] = {}
        for name, size, digest in manifest[place]:
            piece = content[at : at + size]
            if len(piece) < size:
                raise _refused("bundle-truncated", f"{path} is cut off in {name}")
            if sha256(piece).hexdigest() != digest:
                raise _refused("bundle-corrupt", f"{path}: {name} is not what was signed")
            places[place][name] = piece
            at += size
    if at != len(content):
        raise _refused("bundle-corrupt", f"{path} goes on after its last file")
    return Bundle(path, manifest, text, sha256(content).hexdigest(), places["files"], places["root"], signer)


def _refused(code: str, what: str, step: str = "copy the bundle again from where it was made") -> Trouble:
    return Trouble(code, what, step, Exit.BAD_IMAGE)
