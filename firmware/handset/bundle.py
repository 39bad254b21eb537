"""The signed file that carries an application: its head is judged before the rest is let in."""

import json
import struct
import sys
from hashlib import sha256

from handset import _board as board
from handset import _link as wire
from handset import ed25519

MAGIC = b"KINLINE1"
CONTEXT = b"kinline firmware 1\0"  # what is signed is this and the manifest's SHA-256, and nothing else ever is
HEAD = "<8sI64s"
HEAD_BYTES = 76
MANIFEST_MOST = 16384
_BYTECODE = sys.implementation._mpy & 0xFF if hasattr(sys.implementation, "_mpy") else 6


class Refusal(Exception):
    """A bundle that is not for this handset: reason is one of wire.REASON_..., detail is for people."""

    def __init__(self, reason, detail):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def manifest_bytes(head):
    """How long the manifest behind these first bytes of a bundle is."""
    magic, size, _signature = struct.unpack(HEAD, head)
    if magic != MAGIC or not 0 < size <= MANIFEST_MOST:
        raise Refusal(wire.REASON_MALFORMED, "this is no firmware bundle")
    return size


async def judge(head, text, signer, revision, installed, rest):
    """The manifest, if whoever this handset trusts signed it for this board, and it is no step back.

    signer is 32 bytes, revision the board's letter, installed the number() of what runs. Raises Refusal.
    """
    signature = struct.unpack(HEAD, head)[2]
    if not await ed25519.verify(signer, CONTEXT + sha256(text).digest(), signature, rest):
        raise Refusal(wire.REASON_SIGNATURE, "not signed by whom this handset trusts")
    try:
        manifest = json.loads(text)
        if manifest["board"] != board.NAME:
            raise Refusal(wire.REASON_FOREIGN, "it is for %s, this is %s" % (manifest["board"], board.NAME))
        if manifest["bytecode"] != _BYTECODE:
            raise Refusal(wire.REASON_FOREIGN, "bytecode %d, MicroPython here runs %d" % (manifest["bytecode"], _BYTECODE))
        if revision < manifest["revision"]:
            raise Refusal(wire.REASON_REVISION, "needs board %s, this is %s" % (manifest["revision"], revision))
        if number(manifest["version"]) < installed:
            raise Refusal(wire.REASON_DOWNGRADE, "%s is older than what runs here" % manifest["version"])
        for name, size, _digest in manifest["files"]:
            if not _decent(name) or size < 0:
                raise Refusal(wire.REASON_MALFORMED, "file name %s" % name[:40])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(wire.REASON_MALFORMED, "manifest: %r" % error)
    return manifest


def number(version):
    """What versions are compared by: 0.2.0-1a2b3c is (0, 2, 0)."""
    return tuple([int(part) for part in version.split("-")[0].split(".")])


def _decent(name):
    """A path below the slot, and nowhere else."""
    return name and not name.startswith("/") and ".." not in name.split("/") and len(name) <= 64
