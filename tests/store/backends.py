"""Databases for tests: each a copy of one made before, on SQLite in a folder, on PostgreSQL in the tests' own server."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Protocol

from kinline.store.store import Store
from tests.store.postgresql import Server
from tests.store.site import furnish, store_at


class Backend(Protocol):
    """Where a test's databases live. Addresses are those of `kinline.store.open_store`."""

    name: ClassVar[str]

    def empty(self) -> str:
        """A new database with tables and nothing in them."""

    def furnished(self, dollars: int = 10) -> str:
        """A new database with the facility of `tests.store.site`."""

    def made(self, name: str, fill: Callable[[Store], object]) -> str:
        """A new database, copied from the model of that name, which `fill` fills at its first use."""

    def bare(self) -> str:
        """A new database without tables."""

    def drop(self, address: str) -> None:
        """Every connection is closed by then, or is cut."""


class Sqlite:
    name = "sqlite"

    def __init__(self, folder: Path, models: Path) -> None:
        """`models` keeps what later databases are copied from."""
        self._folder = folder
        self._models = models
        self._numbers = itertools.count()

    def bare(self) -> str:
        number = next(self._numbers)
        return _sqlite(self._folder / f"kinline{number or ''}.db")

    def empty(self) -> str:
        return self.made("empty", lambda store: None)

    def furnished(self, dollars: int = 10) -> str:
        return self.made(f"furnished-{dollars}", lambda store: furnish(store, dollars))

    def drop(self, address: str) -> None:
        file = Path(address.removeprefix("sqlite:///"))
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()

    def made(self, name: str, fill: Callable[[Store], object]) -> str:
        model = self._models / f"model-{name}.db"
        if not model.exists():
            _make(_sqlite(model), fill)
        address = self.bare()
        shutil.copy(model, address.removeprefix("sqlite:///"))
        return address


class Postgresql:
    name = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = itertools.count()
        self._models: set[str] = set()
        self._given: set[str] = set()

    def bare(self) -> str:
        return self._create("template0")

    def empty(self) -> str:
        return self.made("empty", lambda store: None)

    def furnished(self, dollars: int = 10) -> str:
        return self.made(f"furnished-{dollars}", lambda store: furnish(store, dollars))

    def drop(self, address: str) -> None:
        name = address.rpartition("/")[2]
        self._given.discard(name)
        self.server.drop(name)

    def drop_all(self) -> None:
        for name in tuple(self._given):
            self.drop(name)

    def made(self, name: str, fill: Callable[[Store], object]) -> str:
        model = f"model-{name}"
        if model not in self._models:
            self.server.create(model)
            _make(self.server.url(model), fill)
            self._models.add(model)
        return self._create(model)

    def _create(self, template: str) -> str:
        name = f"test-{next(self._numbers)}"
        self.server.create(name, template)
        self._given.add(name)
        return self.server.url(name)


def _sqlite(file: Path) -> str:
    return f"sqlite:///{file}"


def _make(address: str, fill: Callable[[Store], object]) -> None:
    store = store_at(address)
    fill(store)
    store.close()
