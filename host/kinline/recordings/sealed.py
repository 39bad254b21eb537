"""A recording's file as the engine writes it (cffi_ext/src/sealed_file.h), read back piece by piece."""

import hashlib
import json
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kinline.recordings.errors import RecordingError
from kinline.recordings.keys import Keyring

FORMAT = "kinline-recording-1"
SUFFIX = ".klr"
MAGIC = b"KLREC001"
AUDIO, END = b"KLRA", b"KLRE"
HEADER = struct.Struct("<4sIQQ32s")  # kind, length of the text, where it begins, nonce, link
END_TEXT = struct.Struct("<QQQQ")  # sample pairs written and missing, milliseconds of 1970, errno
TAG_BYTES = 16
TEXT_MOST = 32_000
HEAD_MOST = 4096
FRAME_BYTES = 4  # two channels of 16 bits


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that is what was written. `at` is its first sample pair; `follows` is whether it fits what stands before."""

    kind: bytes
    at: int
    nonce: int
    text: bytes
    link: bytes
    follows: bool


@dataclass(frozen=True, slots=True)
class Scrap:
    """Bytes that are no chunk, or not the chunk that was written."""

    offset: int
    length: int
    last: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """What the last chunk says."""

    frames: int
    missing: int
    at: datetime
    error: int


def ending(text: bytes) -> Ending:
    frames, missing, moment, error = END_TEXT.unpack(text)
    return Ending(frames, missing, datetime.fromtimestamp(moment / 1000, UTC), error)


def head_text(about: dict[str, Any], key_id: str, wrapped: str, rate: int) -> bytes:
    """The head of a new recording: `about` says which call, by reference."""
    head = {
        "format": FORMAT,
        **about,
        "rate": rate,
        "channels": ["caller", "called party"],
        "codec": "pcm_s16le",
        "key": key_id,
        "wrapped_key": wrapped,
    }
    return json.dumps(head, separators=(",", ":")).encode()


class Sealed:
    """A recording opened with the site's keys. Use as context. Raises RecordingError if its head cannot be used."""

    def __init__(self, file: Path, keyring: Keyring) -> None:
        self.file = file
        try:
            with file.open("rb") as source:
                self._data = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise RecordingError(f"{file}: the recording is gone; restore it from the backup") from error
        except (OSError, ValueError) as error:
            raise RecordingError(f"{file}: cannot be read: {error}; check the file and its owner") from error
        try:
            self.head, self._start = self._read_head()
            key = keyring.unwrapped(self.head["key"], self.head["wrapped_key"], file)
        except RecordingError:
            self._data.close()
            raise
        self._first_link = hashlib.sha256(self._data[: self._start]).digest()
        self._cipher = AESGCM(key)

    def __enter__(self) -> "Sealed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._data.close()

    @property
    def rate(self) -> int:
        """Sample pairs a second."""
        return int(self.head["rate"])

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def first_link(self) -> bytes:
        """The hash of the head, where the chain begins."""
        return self._first_link

    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self._data).hexdigest()

    def pieces(self) -> Iterator[Chunk | Scrap]:
        """All of the file in its order. What is damaged costs itself only: reading goes on behind it."""
        at, link = self._start, self._first_link
        while at < self.size:
            chunk, length = self._chunk(at, link)
            if chunk is None:
                end = self._resumption(at, length)
                # The chain goes on with what the next chunk says was before it, or the damage would be told twice.
                link = HEADER.unpack_from(self._data, end)[4] if end < self.size else link
                yield Scrap(at, end - at, last=end == self.size)
                at = end
                continue
            yield chunk
            link = chunk.link
            at += length

    def _read_head(self) -> tuple[dict[str, Any], int]:
        length = int.from_bytes(self._data[8:12], "little")
        start = 12 + length
        if self._data[:8] != MAGIC or length > HEAD_MOST or start > self.size:
            raise RecordingError(f"{self.file}: is not a recording of Kinline, or its beginning is damaged; restore the backup")
        try:
            head = json.loads(self._data[12:start])
            if head["format"] != FORMAT or head["rate"] not in (8000, 16000):
                raise ValueError(head["format"])
            return head | {"key": str(head["key"]), "wrapped_key": str(head["wrapped_key"])}, start
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{self.file}: its head has {error}, which this version cannot read; update it") from error

    def _header(self, at: int) -> tuple[bytes, int, int, int, bytes] | None:
        """The header at an offset, if one that can be stands there."""
        if at + HEADER.size > self.size:
            return None
        kind, length, position, nonce, link = HEADER.unpack_from(self._data, at)
        return (kind, length, position, nonce, link) if kind in (AUDIO, END) and length <= TEXT_MOST else None

    def _chunk(self, at: int, link: bytes) -> tuple[Chunk | None, int]:
        """The chunk at an offset and its length, if it is what was written; else None and the length that it claims."""
        header = self._header(at)
        if header is None:
            return None, 0
        kind, text_length, position, nonce, stated = header
        length = HEADER.size + text_length + TAG_BYTES
        if at + length > self.size:
            return None, 0
        whole = self._data[at : at + length]
        try:
            text = self._cipher.decrypt(
                nonce.to_bytes(8, "little") + bytes(4),
                whole[HEADER.size :],
                self._first_link + whole[: HEADER.size],
            )
        except InvalidTag:
            return None, length
        return Chunk(kind, position, nonce, text, hashlib.sha256(stated + whole).digest(), stated == link), length

    def _resumption(self, at: int, claimed: int) -> int:
        """Where the next chunk begins after something damaged, or the file's end."""
        if claimed and (at + claimed == self.size or self._header(at + claimed)):
            return at + claimed
        for next_at in sorted(self._found(at + 1)):
            if self._chunk(next_at, b"")[0] is not None:
                return next_at
        return self.size

    def _found(self, start: int) -> Iterator[int]:
        for kind in (AUDIO, END):
            at = self._data.find(kind, start)
            while at >= 0:
                yield at
                at = self._data.find(kind, at + 1)
