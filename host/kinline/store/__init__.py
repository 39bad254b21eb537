"""The database: people, money, call records and the audit log, each operation one short transaction."""

from kinline.store.audit import AuditLog, AuditReport
from kinline.store.calls import CallInfo, Calls
from kinline.store.errors import (
    CallRefused,
    Conflict,
    DatabaseCorrupt,
    DatabaseDenied,
    DatabaseError,
    DatabaseFull,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOvertaken,
    DatabaseReadOnly,
    DatabaseUnreachable,
    NotFound,
    StoreError,
)
from kinline.store.open import open_store, site_secret
from kinline.store.people import (
    ContactInfo,
    HandsetInfo,
    InmateInfo,
    PinAnswer,
    PinFound,
    PinLocked,
    PinWrong,
)
from kinline.store.store import Store

__all__ = [
    "AuditLog",
    "AuditReport",
    "CallInfo",
    "CallRefused",
    "Calls",
    "Conflict",
    "ContactInfo",
    "DatabaseCorrupt",
    "DatabaseDenied",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseLocked",
    "DatabaseMissing",
    "DatabaseNewer",
    "DatabaseOvertaken",
    "DatabaseReadOnly",
    "DatabaseUnreachable",
    "HandsetInfo",
    "InmateInfo",
    "NotFound",
    "PinAnswer",
    "PinFound",
    "PinLocked",
    "PinWrong",
    "Store",
    "StoreError",
    "open_store",
    "site_secret",
]
