"""What is done before the first handset is served spares the first caller a wait, and leaves nothing behind."""

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine.interfaces import CacheStats

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.config import Settings
from kinline.daemon.arrangement import Arrangements
from kinline.daemon.records import Records
from kinline.daemon.warm import warm_up
from kinline.store.store import Store
from kinline.store.tables.base import Base
from tests.store.site import MOTHER, NOON


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()


def everything(store: Store) -> dict[str, list[Any]]:
    with store.engine.connect() as connection:
        return {table.name: list(connection.execute(select(table))) for table in Base.metadata.sorted_tables}


def test_a_rehearsal_writes_nothing(store: Store) -> None:
    before = everything(store)
    warm_up(store, ["h1"])
    assert everything(store) == before
    assert store.deny_call("h1", 1, MOTHER, "hours", "generic", NOON) == 1, "a record's number is missing"


def test_the_first_attempt_finds_what_it_asks_compiled(store: Store, settings: Settings) -> None:
    records = Records(store, "h1", Arrangements(settings, store).all()["h1"], lambda: NOON)
    warm_up(store, ["h1"])
    compiled = []

    def executed(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if context.cache_hit is CacheStats.CACHE_MISS:
            compiled.append(statement.split()[:3])

    event.listen(store.engine, "after_cursor_execute", executed)
    assert isinstance(records.attempt(act.Attempt(1, 1, MOTHER.removeprefix("+1"))), ev.Begun)
    assert [words for words in compiled if words[0] == "SELECT"] == []


def test_a_handset_that_nobody_added_is_left_to_others(store: Store) -> None:
    warm_up(store, ["nowhere"])
    warm_up(store, [])
