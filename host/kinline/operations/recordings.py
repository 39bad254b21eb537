"""Recordings: which there are, whether they are whole, and how they are heard and handed out. Every access is audited."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, RowId
from kinline.operations.named import TheReason
from kinline.operations.operation import Answer, Order, Question, Sound, operation
from kinline.recordings import Report, Sealed, export, inspected, load_keys, rotate_keys
from kinline.recordings.export import wav

if TYPE_CHECKING:
    from kinline.store.recordings import RecordingInfo

TheCall = Annotated[RowId, Argument("CALL"), Field(description="The call record's number.")]


class RecordingsList(Question):
    limit: Annotated[int, Field(ge=1, le=10_000, description="How many, the newest first.")] = 20
    facility: AtFacility = None


class RecordingLine(Answer):
    """`seconds` are of sound; `trouble` says why some is missing. Without a closing, only verify knows what is there."""

    call: int
    started_at: datetime
    handset: str | None
    inmate: str | None
    number: str
    talk_seconds: int
    seconds: float | None
    missing_seconds: float | None
    closed: bool
    trouble: str | None
    key_id: str | None
    facility: str


@operation("recordings.list", roles={"supervisor", "investigator"}, example={"limit": 5}, empty="There is no recording yet.")
def list_recordings(desk: Desk, request: RecordingsList) -> list[RecordingLine]:
    """List the recordings of calls that are over."""
    infos = desk.store.recordings(request.limit, facility=desk.within(request.facility))
    return [_line(info) for info in infos]


def _line(info: "RecordingInfo") -> RecordingLine:
    closed = info.closed
    return RecordingLine(
        call=info.call,
        started_at=info.started_at,
        handset=info.handset,
        inmate=info.inmate,
        number=info.number,
        talk_seconds=info.talk_seconds,
        seconds=round(closed.frames / closed.rate, 2) if closed else None,
        missing_seconds=round(closed.missing_frames / closed.rate, 2) if closed else None,
        closed=closed is not None,
        trouble=closed.trouble if closed else None,
        key_id=closed.key_id if closed else None,
        facility=info.facility,
    )


class RecordingsVerify(Order):
    call: TheCall
    facility: AtFacility = None


class Missing(Answer):
    """Why: dropped (the recorder's disk was stuck or full, and it said so), damaged, or removed."""

    from_second: float
    seconds: float
    why: str


class Verified(Answer):
    """`kept` is the hash that the database has kept since the recording was closed, `chain_head` the file's own."""

    call: int
    whole: bool
    closed: bool
    seconds: float
    missing: list[Missing]
    faults: list[str]
    chain_head: str
    kept: str | None


def _told(answer: Verified) -> str:
    if answer.whole:
        proof = "the file that was closed" if answer.kept else "of whose closing the database has kept nothing"
        return f"The recording of call {answer.call} is whole: {answer.seconds:.2f} s, {proof}."
    lines = [f"The recording of call {answer.call} is not whole; {answer.seconds:.2f} s of sound are."]
    lines += [f"  missing: {gap.seconds:.2f} s from {gap.from_second:.2f} s on, {gap.why}" for gap in answer.missing]
    return "\n".join([*lines, *(f"  {fault}" for fault in answer.faults)])


@operation(
    "recordings.verify",
    roles={"supervisor", "investigator"},
    example={"call": 1},
    tell=_told,
    ended_well=lambda answer: answer.whole,
)
def verify_recording(desk: Desk, request: RecordingsVerify) -> Verified:
    """Check every chunk of a recording and their chain; exit code 1 unless it is whole."""
    info = _used(desk, "recordings.verify", request.call, request.facility)
    with _opened(desk, info) as recording:
        report = inspected(recording, info.closed.link if info.closed else None, info.call)
    return Verified(
        call=request.call,
        whole=report.whole,
        closed=report.ending is not None,
        seconds=report.seconds(report.frames),
        missing=_missing(report),
        faults=list(report.faults),
        chain_head=report.link,
        kept=info.closed.link if info.closed else None,
    )


class RecordingsExport(Order):
    call: TheCall
    reason: TheReason
    facility: AtFacility = None


class Exported(Answer):
    """Where the three files are, and what the WAV lacks, if anything."""

    call: int
    folder: str
    wav: str
    manifest: str
    proof: str
    wav_sha256: str
    whole: bool
    missing: list[Missing]
    faults: list[str]


def _where(answer: Exported) -> str:
    lacks = "" if answer.whole else " It is not whole: the manifest says what is missing."
    return f"Call {answer.call} is in {answer.folder}: recording.wav, manifest.json, proof.json.{lacks}"


@operation("recordings.export", roles={"investigator"}, example={"call": 1, "reason": "subpoena 2026-14"}, tell=_where)
def export_recording(desk: Desk, request: RecordingsExport) -> Exported:
    """Write a recording as a WAV with its manifest and a signed proof, into the exports folder."""
    info = _used(desk, "recordings.export", request.call, request.facility, {"reason": request.reason})
    keys = load_keys(desk.settings.storage.recording_keys_file)
    folder = desk.settings.storage.exports_dir / f"call-{request.call}-{desk.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    statement = {
        "statement": "These are the sound and the manifest of a recorded call as its facility exported them.",
        "call": request.call,
        "exported_by": desk.by,
        "exported_at": desk.now.isoformat(),
        "reason": request.reason,
        "audit_head": desk.store.audit_head().hash,
        "kept_chain_head": info.closed.link if info.closed else None,
    }
    with _opened(desk, info) as recording:
        report = inspected(recording, info.closed.link if info.closed else None, info.call)
        made = export(recording, report, keys, folder, statement)
    return Exported(
        call=request.call,
        folder=str(made.folder),
        wav=str(made.wav),
        manifest=str(made.manifest),
        proof=str(made.proof),
        wav_sha256=made.wav_sha256,
        whole=report.whole,
        missing=_missing(report),
        faults=list(report.faults),
    )


class RecordingsPlay(Order):
    call: TheCall
    facility: AtFacility = None


@operation("recordings.play", roles={"investigator"}, example={"call": 1}, verb=False)
def play_recording(desk: Desk, request: RecordingsPlay) -> Sound:
    """Hear a recording: a WAV, the caller left, the called party right, silence where sound is missing."""
    info = _used(desk, "recordings.play", request.call, request.facility)
    recording = _opened(desk, info)
    try:
        report = inspected(recording, info.closed.link if info.closed else None, info.call)
    except BaseException:
        recording.close()
        raise

    def stretches() -> Iterator[bytes]:
        with recording:
            yield from wav(recording, report.length)

    return Sound(stretches())


class RecordingsKeys(Question):
    concerns_nobody = True


class KeyLine(Answer):
    """A key by its id. Whoever has the public key can check what was exported under it, with nothing else of the site."""

    id: str
    public_key: str
    seals: bool


@operation("recordings.keys", roles={"supervisor", "investigator", "legal"}, example={})
def list_keys(desk: Desk, request: RecordingsKeys) -> list[KeyLine]:
    """List the site's recording keys by id, the newest last; that one seals."""
    ring = load_keys(desk.settings.storage.recording_keys_file)
    return [KeyLine(id=key.id, public_key=key.public_key(), seals=key is ring.newest) for key in ring.keys]


class RecordingsRotate(Order):
    pass


class Rotated(Answer):
    id: str
    file: str


@operation(
    "recordings.rotate",
    roles=set(),
    example={},
    over_http=False,
    tell="Key {id} seals from the next call on; older keys stay in {file}. Copy the file to its safe place now.",
)
def rotate(desk: Desk, request: RecordingsRotate) -> Rotated:
    """Make a new recording key. What older ones sealed stays readable."""
    file = desk.settings.storage.recording_keys_file
    desk.store.audit_deed(desk.by, "recordings.rotate", str(file), {}, desk.now)
    return Rotated(id=rotate_keys(file).newest.id, file=str(file))


def _used(desk: Desk, deed: str, call: int, facility: str | None, details: dict[str, str] | None = None) -> "RecordingInfo":
    """The recording, once the audit log says who is about to use it."""
    return desk.store.recording_used(call, deed, details or {}, desk.now, desk.by, desk.within(facility))


def _opened(desk: Desk, info: "RecordingInfo") -> Sealed:
    return Sealed(info.file, load_keys(desk.settings.storage.recording_keys_file))


def _missing(report: Report) -> list[Missing]:
    return [
        Missing(from_second=report.seconds(gap.at), seconds=report.seconds(gap.frames), why=gap.why) for gap in report.missing
    ]
