"""The connection: how a database is opened and asked for one short transaction."""

import functools
import inspect
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from kinline.masked import masked
from kinline.store.errors import DatabaseOvertaken, StoreError
from kinline.store.explaining import explained
from kinline.store.postgresql import Lock, only_one, postgresql_engine
from kinline.store.sqlite import WRITES, sqlite_engine

TRIES = 8
LONGEST_PAUSE_SECONDS = 0.05

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Database:
    """One database. Every public method of its users is one transaction, and safe to call from any thread.

    One that PostgreSQL gave up in favour of another host's is therefore done again, whole.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, member in list(vars(cls).items()):
            if inspect.isfunction(member) and not name.startswith("_"):
                setattr(cls, name, _done_again(member))

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{WRITES: True})

    @property
    def place(self) -> str:
        """The database as errors name it: without a password."""
        return place_of(self.engine.url)

    @property
    def shared(self) -> bool:
        """Whether other hosts may be at work in it."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """Alone: what it reads stays so until it is done, whatever other hosts' staff are about."""
        with self._session(self._writer) as session:
            only_one(session, Lock.STAFF)
            yield session

    @contextmanager
    def _calling(self) -> Iterator[Session]:
        """For a call, which waits for nobody but who wants the same rows: lock what is read to be changed."""
        with self._session(self._writer) as session:
            yield session

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        """For reading past the ORM, which costs half as much."""
        with self._explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with self._explained(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explained(error, self.place) from error
        except UnicodeEncodeError as error:
            raise StoreError(f"{self.place}: {error.object!r} is not text that can be stored; write it in UTF-8") from error


def _done_again(method: Callable[_P, _T]) -> Callable[_P, _T]:
    @functools.wraps(method)
    def tried(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for attempt in range(1, TRIES):
            try:
                return method(*args, **kwargs)
            except DatabaseOvertaken:
                # Apart by chance, or the same two would meet again.
                time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS * attempt / TRIES))
        return method(*args, **kwargs)

    return tried


def place_of(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    # The query may hold a password too.
    return url.set(query={}).render_as_string(hide_password=True)


def connect(url: str) -> Engine:
    """An engine with our settings; nothing is asked of the database yet. Raises StoreError for an unusable address."""
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return sqlite_engine(address)
    return postgresql_engine(address)


# PostgreSQL's own programs take both names for it. SQLAlchemy's default drivers are the ones that we install.
_KINDS = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    # A port that is no number comes as a bare ValueError.
    except (ArgumentError, ValueError) as error:
        raise _unusable(url) from error
    kind = _KINDS.get(address.get_backend_name())
    if kind is None:
        raise _unusable(url)
    return address.set(drivername=kind)


def _unusable(url: str) -> StoreError:
    return StoreError(
        f"{masked(url)!r} is not a database address; write sqlite:////var/lib/kinline/kinline.db, "
        "or postgresql://user@host:5432/database"
    )
