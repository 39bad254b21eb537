"""What a recording was reaches the database, however long that is in trouble, and the trouble is counted by its cause."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kinline.config import Storage
from kinline.counters import counters
from kinline.daemon import recordings as module
from kinline.daemon.checkpoints import Checkpoints
from kinline.daemon.recordings import Recordings
from kinline.daemon.services import Services
from kinline.daemon.store_threads import StoreThreads
from kinline.daemon.voices import Voices
from kinline.recordings.keys import made_keys
from kinline.store.store import Store
from tests.recordings.sealing import BLOCK, Sealer, head
from tests.store.site import NOON, begun


async def test_a_database_that_is_gone_is_counted_and_told_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    storage = Storage(recordings_dir=tmp_path, recording_keys_file=tmp_path / "recordings.key")
    keys, secret, call = made_keys(storage.recording_keys_file, tmp_path), bytes(32), begun(store)
    sealer = Sealer(tmp_path / f"{call}.klr", secret, head(keys.newest.id, keys.wrapped(secret), call=call))
    sealer.audio(0, bytes(4 * BLOCK))
    store.mark_accepted(call, NOON, str(sealer.file))
    threads = StoreThreads()
    unused: Any = None
    services = Services(
        engine=unused, hub=unused, trunk=unused, prompter=unused, clips=unused, key_of=unused, store=threads,
        checkpoints=Checkpoints(unused), voices=Voices((), 1),
    )  # fmt: skip

    database = tmp_path / "kinline.db"
    recovered = store.recover(NOON + timedelta(seconds=60))
    away = database.rename(tmp_path / "away.db")
    failed, missing = counters.value("store_failed"), counters.value("database_trouble", "missing")
    try:
        Recordings(services, store, storage).look_through(recovered)
        while counters.value("store_failed") == failed:
            await asyncio.sleep(0.01)
        away.rename(database)
        await services.settle()
    finally:
        threads.close()
    assert counters.value("database_trouble", "missing") - missing == counters.value("store_failed") - failed
    assert store.recording(call).closed is not None
