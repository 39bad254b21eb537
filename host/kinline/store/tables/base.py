"""What every table has in common: naming, and how a Python value is kept in a column."""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Connection, DateTime, Dialect, LargeBinary, MetaData, Row, String, Table, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase, Mapper

from kinline.store.errors import StoreError

AnyRow = Row[*tuple[Any, ...]]
"""What a statement of columns finds."""


class Utc(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite has no zones, so there the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone is never stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: Utc,
        bytes: LargeBinary,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[list[str]]: JSON,
    }


@functools.cache
def _limits(row: type[Base]) -> tuple[tuple[str, int], ...]:
    """The texts of a table, and how long they may be."""
    columns = row.__table__.columns
    return tuple((c.key, c.type.length) for c in columns if isinstance(c.type, String) and c.type.length)


def check_lengths(row: type[Base], values: Mapping[str, Any]) -> None:
    """SQLite would take a text of any length, and PostgreSQL refuse it without saying which. Raises StoreError."""
    for name, limit in _limits(row):
        value = values.get(name)
        if value is not None and len(value) > limit:
            raise StoreError(f"{row.__tablename__}.{name} takes at most {limit} characters, not {len(value)}; shorten it")


def columns(row: type[Base]) -> Table:
    """The table behind a class, for statements that go past the ORM: they cost a fraction, and check no lengths."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def _check_row(_mapper: Mapper[Any], _connection: Connection, row: Base) -> None:
    check_lengths(type(row), row.__dict__)


for _moment in ("before_insert", "before_update"):
    event.listen(Base, _moment, _check_row, propagate=True)
