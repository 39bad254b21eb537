"""The database: people, money, call records and the audit log, each operation one short transaction."""

from kinline.store.audit import AuditedDeed, AuditHead, AuditLog, AuditReport
from kinline.store.calls import CallInfo, Calls
from kinline.store.errors import (
    CallRefused,
    Conflict,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseReadOnly,
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
from kinline.store.staff import StaffInfo
from kinline.store.store import Store

__all__ = [
    "AuditHead",
    "AuditLog",
    "AuditReport",
    "AuditedDeed",
    "CallInfo",
    "CallRefused",
    "Calls",
    "Conflict",
    "ContactInfo",
    "DatabaseCorrupt",
    "DatabaseFull",
    "DatabaseLocked",
    "DatabaseMissing",
    "DatabaseNewer",
    "DatabaseReadOnly",
    "HandsetInfo",
    "InmateInfo",
    "NotFound",
    "PinAnswer",
    "PinFound",
    "PinLocked",
    "PinWrong",
    "StaffInfo",
    "Store",
    "StoreError",
    "open_store",
    "site_secret",
]
