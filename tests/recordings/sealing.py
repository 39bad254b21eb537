"""The recording's format by its description, apart from both the engine that writes it and the host that reads it."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK = 4000  # sample pairs in half a second at 8 kHz


class Sealer:
    """Writes a recording piece by piece."""

    def __init__(self, file: Path, key: bytes, head: bytes) -> None:
        begin = b"KLREC001" + struct.pack("<I", len(head)) + head
        self.file, self._cipher = file, AESGCM(key)
        self._first = self.link = hashlib.sha256(begin).digest()
        self._nonce = 0
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(begin)
        self.chunks: list[tuple[int, int]] = []  # offset and length of each

    def audio(self, at: int, pcm: bytes) -> None:
        self._chunk(b"KLRA", at, pcm)

    def end(self, length: int, frames: int, missing: int = 0, at_ms: int = 1_772_470_800_000, error: int = 0) -> None:
        self._chunk(b"KLRE", length, struct.pack("<QQQQ", frames, missing, at_ms, error))

    def _chunk(self, kind: bytes, at: int, text: bytes) -> None:
        self._nonce += 1
        header = struct.pack("<4sIQQ32s", kind, len(text), at, self._nonce, self.link)
        nonce = self._nonce.to_bytes(8, "little") + bytes(4)
        chunk = header + self._cipher.encrypt(nonce, text, self._first + header)
        self.chunks.append((self.file.stat().st_size, len(chunk)))
        with self.file.open("ab") as out:
            out.write(chunk)
        self.link = hashlib.sha256(self.link + chunk).digest()


def head(key_id: str, wrapped: str, rate: int = 8000, **about: Any) -> bytes:
    return json.dumps(
        {"format": "kinline-recording-1", "rate": rate, "key": key_id, "wrapped_key": wrapped, "codec": "pcm_s16le", **about}
    ).encode()
