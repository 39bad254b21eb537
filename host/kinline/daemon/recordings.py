"""The recordings under way: begun under fresh keys, their trouble told once, and what they were kept when they close."""

import asyncio
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kinline.config import Storage
from kinline.counters import counters
from kinline.daemon import store_trouble
from kinline.daemon.services import Services
from kinline.logs import log
from kinline.media import EngineError, Event, RecordedCall, RecorderEvent, Source, recorded
from kinline.recordings import Keyring, RecordingError, Sealed, inspected, load_keys, made_keys
from kinline.recordings.report import of_another_call
from kinline.recordings.sealed import SUFFIX, head_text
from kinline.store.calls import CallInfo
from kinline.store.errors import DatabaseError
from kinline.store.recordings import RecordingClosed
from kinline.store.store import Store

RETRY_S = 2.0
_log = log(part="recordings")


@dataclass(frozen=True, slots=True)
class _Open:
    call: int
    path: Path
    key_id: str


class Recordings:
    """Lives on the event loop. Raises RecordingError when there are no keys to begin with."""

    def __init__(self, services: Services, store: Store, storage: Storage) -> None:
        self._services = services
        self._store = store
        self._folder = storage.recordings_dir
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._keys_file = storage.recording_keys_file
        self._keys = made_keys(self._keys_file, self._folder)
        self._stamp = self._keys_file.stat().st_mtime_ns
        self._open: dict[int, _Open] = {}

    def path(self, call: int) -> Path:
        return self._folder / f"{call}{SUFFIX}"

    def begin(self, audio: RecordedCall, call: int, about: Mapping[str, Any], rate: int) -> Path | None:
        """Record the call from now on at that rate; `about` says by reference whose it is.
        None, counted and told, if that fails."""
        path, secret, keys = self.path(call), secrets.token_bytes(32), self._current()
        head = {"call": call, **about, "started_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        try:
            text = head_text(head, keys.newest.id, keys.wrapped(secret), rate)
            audio.record(path, key=secret, head=text, rate=rate)
        except (EngineError, ValueError) as error:
            counters.add("recording_failed")
            _log.error("no recording, the call goes on", call=call, error=str(error), next="check the daemon's log")
            return None
        # Owned until the file is closed, which comes after the call's own end.
        self._services.hub.own(Source.RECORDER, audio.id, self._event)
        self._open[audio.id] = _Open(call, path, keys.newest.id)
        return path

    def look_through(self, recovered: Iterable[CallInfo]) -> None:
        """Say in the background what is left of the recordings that a stopped host did not close."""
        for info in recovered:
            if info.recording:
                self._services.spawn(self._left_open(info.id, Path(info.recording)))

    def _current(self) -> Keyring:
        """The keys as the file has them now: a rotation takes hold at the next call."""
        try:
            stamp = self._keys_file.stat().st_mtime_ns
            if stamp != self._stamp:
                self._keys, self._stamp = load_keys(self._keys_file), stamp
                _log.info("recording keys read again", key=self._keys.newest.id)
        except (RecordingError, OSError) as error:
            counters.add("recording_keys_unreadable")
            _log.error("the recording keys cannot be read, the last known seal on", error=str(error))
        return self._keys

    def _event(self, event: Event) -> None:
        opened = self._open[event.id]
        match event.kind:
            case RecorderEvent.FAILED:
                counters.add("recording_failed")
                _log.error(
                    "recording cannot be written, trying on; the call goes on",
                    call=opened.call,
                    file=str(opened.path),
                    error=os.strerror(-event.code),
                    next="free space on the recordings' disk, or make it writable",
                )
            case RecorderEvent.BEHIND:
                counters.add("recording_behind")
                _log.error(
                    "the recordings' disk is stuck: sound is being lost, the call goes on",
                    call=opened.call,
                    next="check the disk's health and load",
                )
            case RecorderEvent.RESUMED:
                counters.add("recording_resumed")
                _log.warning("recording is written again", call=opened.call)
            case RecorderEvent.CLOSED:
                self._services.hub.disown(Source.RECORDER, event.id)
                del self._open[event.id]
                self._closed(opened, event)

    def _closed(self, opened: _Open, event: Event) -> None:
        what = recorded(event)
        trouble = None
        if event.code:
            trouble = f"the disk refused it: {os.strerror(-event.code)}"
        elif what.missing:
            trouble = "the disk was stuck or full for a while"
        if trouble:
            counters.add("recording_incomplete")
        seconds, missing = round(what.frames / what.rate, 2), round(what.missing / what.rate, 2)
        tell = _log.warning if trouble else _log.info
        tell("recording closed", call=opened.call, seconds=seconds, missing_seconds=missing, trouble=trouble)
        kept = RecordingClosed(opened.key_id, what.rate, what.frames, what.missing, what.chunks, what.link.hex(), trouble)
        self._services.spawn(self._keep(opened.call, kept))

    async def _keep(self, call: int, closed: RecordingClosed) -> None:
        """Until the database has it: it is what proves the file later."""
        while True:
            try:
                await self._services.store.records(lambda: self._store.recording_closed(call, closed, datetime.now(UTC)))
                return
            except DatabaseError as error:
                store_trouble.count(error)
                _log.error("what a recording was cannot be kept yet", call=call, error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _left_open(self, call: int, path: Path) -> None:
        try:
            closed = await asyncio.to_thread(_what_is_left, path, self._keys, call)
        except RecordingError as error:
            counters.add("recording_lost")
            _log.error("a recording that was left open cannot be read", call=call, error=str(error))
            return
        counters.add("recording_recovered")
        seconds = round(closed.frames / closed.rate, 2)
        _log.warning("a recording was left open", call=call, seconds=seconds, trouble=closed.trouble)
        await self._keep(call, closed)


def _what_is_left(path: Path, keys: Keyring, call: int) -> RecordingClosed:
    with Sealed(path, keys) as recording:
        if stranger := of_another_call(recording, call):
            raise RecordingError(f"{path}: {stranger}; look for who moved it")
        report = inspected(recording)
        missing = report.length - report.frames
        trouble = "; ".join(report.faults) or None
        return RecordingClosed(
            recording.head["key"], report.rate, report.frames, missing, len(report.pieces), report.link, trouble
        )
