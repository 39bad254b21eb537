"""A recording as it leaves the house: a WAV that every player opens, a manifest, and a proof that both are ours."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kinline.recordings.errors import RecordingError
from kinline.recordings.keys import Keyring
from kinline.recordings.report import Report
from kinline.recordings.sealed import AUDIO, FRAME_BYTES, Chunk, Sealed

WAV, MANIFEST, PROOF = "recording.wav", "manifest.json", "proof.json"


@dataclass(frozen=True, slots=True)
class Export:
    """The files of one export, and their SHA-256."""

    folder: Path
    wav: Path
    manifest: Path
    proof: Path
    wav_sha256: str
    manifest_sha256: str


def sound(recording: Sealed, length: int) -> Iterator[bytes]:
    """Both channels in their order, 16-bit samples; silence stands where sound is missing."""
    at = 0
    for piece in recording.pieces():
        if not isinstance(piece, Chunk) or piece.kind != AUDIO or piece.at < at:
            continue
        yield from _silence(piece.at - at)
        yield piece.text
        at = piece.at + len(piece.text) // FRAME_BYTES
    yield from _silence(length - at)


def _silence(frames: int) -> Iterator[bytes]:
    while frames > 0:
        run = min(frames, 16_000)
        yield bytes(run * FRAME_BYTES)
        frames -= run


def wav(recording: Sealed, length: int) -> Iterator[bytes]:
    """A WAV file of that many sample pairs, piece by piece, for a file or for whoever listens."""
    size = length * FRAME_BYTES
    form = struct.pack("<HHIIHH", 1, 2, recording.rate, recording.rate * FRAME_BYTES, FRAME_BYTES, 16)  # PCM, two channels
    yield struct.pack("<4sI8sI16s4sI", b"RIFF", 36 + size, b"WAVEfmt ", len(form), form, b"data", size)
    yield from sound(recording, length)


def manifest(recording: Sealed, report: Report) -> dict[str, Any]:
    """What the recording is, by reference, and the hash of every chunk up to the chain's head."""
    head = {name: value for name, value in recording.head.items() if name != "wrapped_key"}
    return {
        **head,
        "ended_at": report.ended_at.isoformat() if report.ended_at else None,
        "seconds": report.seconds(report.length),
        "seconds_present": report.seconds(report.frames),
        "closed": report.ending is not None,
        "whole": report.whole,
        "missing": [
            {"from_second": report.seconds(gap.at), "seconds": report.seconds(gap.frames), "why": gap.why}
            for gap in report.missing
        ],
        "faults": list(report.faults),
        "file": {"name": recording.file.name, "bytes": recording.size, "sha256": recording.digest()},
        "first_link": recording.first_link.hex(),
        "chunks": [asdict(piece) for piece in report.pieces],
        "chain_head": report.link,
    }


def export(recording: Sealed, report: Report, keyring: Keyring, folder: Path, statement: Mapping[str, Any]) -> Export:
    """Write the three files into a new folder. `statement` goes into the proof: who, when, why. Raises RecordingError."""
    try:
        folder.mkdir(parents=True, mode=0o700)
        with (folder / WAV).open("wb") as out:
            out.writelines(wav(recording, report.length))
        _write_json(folder / MANIFEST, manifest(recording, report))
        made = _export_of(folder)
        key = keyring.newest
        claim = {
            **statement,
            "wav_sha256": made.wav_sha256,
            "manifest_sha256": made.manifest_sha256,
            "chain_head": report.link,
            "signing_key": key.id,
            "public_key": key.public_key(),
        }
        _write_json(folder / PROOF, {**claim, "signature": key.signing_key().sign(_canonical(claim)).hex()})
        return made
    except OSError as error:
        raise RecordingError(f"{folder}: cannot be written: {error.strerror}; free space, or check the folder") from error


def check_export(folder: Path, public_key: str | None = None) -> dict[str, Any]:
    """The proof of an export whose files are as they were signed. Raises RecordingError saying which is not.

    Needs nothing of the site; with the site's public key it also tells whose export it is.
    """
    try:
        claim = json.loads((folder / PROOF).read_text(encoding="utf-8"))
        made = _export_of(folder)
        signature, signed_by = bytes.fromhex(claim.pop("signature")), bytes.fromhex(claim["public_key"])
        Ed25519PublicKey.from_public_bytes(signed_by).verify(signature, _canonical(claim))
    except OSError as error:
        raise RecordingError(f"{error.filename}: cannot be read: {error.strerror}; an export has three files") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordingError(f"{folder / PROOF}: is no proof of ours ({error}); ask for the export again") from error
    except InvalidSignature as error:
        raise RecordingError(f"{folder / PROOF}: was changed after it was signed; ask for the export again") from error
    for name, file, found in (("wav", made.wav, made.wav_sha256), ("manifest", made.manifest, made.manifest_sha256)):
        if claim.get(f"{name}_sha256") != found:
            raise RecordingError(f"{file}: was changed after it was exported; ask for the export again")
    if public_key is not None and public_key != claim["public_key"]:
        raise RecordingError(f"{folder / PROOF}: is signed by another key than {public_key}; ask the facility for its key")
    return dict(claim)


def _export_of(folder: Path) -> Export:
    wav, manifest_file = folder / WAV, folder / MANIFEST
    return Export(folder, wav, manifest_file, folder / PROOF, _digest(wav), _digest(manifest_file))


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _canonical(claim: Mapping[str, Any]) -> bytes:
    return json.dumps(claim, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
