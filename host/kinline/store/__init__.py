"""The database: people, money, call records and the audit log, each operation one short transaction."""

from kinline.store.audit import AuditedDeed, AuditHead, AuditLog, AuditReport
from kinline.store.calls import CallInfo, Calls
from kinline.store.contacts import ContactInfo, ListEvent, NewContact
from kinline.store.counsel import ArrangementInfo, DeterminationInfo
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
from kinline.store.imports import Imported
from kinline.store.inmates import InmateInfo
from kinline.store.messages import MessageInfo, WaitingMessage
from kinline.store.open import open_store, site_secret
from kinline.store.pins import PinAnswer, PinFound, PinLocked, PinWrong
from kinline.store.places import FacilityInfo, HandsetInfo, OwnLimits, PinModeOf, UnitInfo
from kinline.store.recordings import RecordingClosed, RecordingInfo
from kinline.store.registers import BarInfo, BarKind, BarPlaced
from kinline.store.restrictions import RestrictionInfo
from kinline.store.staff import StaffInfo
from kinline.store.store import Store
from kinline.store.unwanted import Caller

__all__ = [
    "ArrangementInfo",
    "AuditHead",
    "AuditLog",
    "AuditReport",
    "AuditedDeed",
    "BarInfo",
    "BarKind",
    "BarPlaced",
    "CallInfo",
    "CallRefused",
    "Caller",
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
    "DeterminationInfo",
    "FacilityInfo",
    "HandsetInfo",
    "Imported",
    "InmateInfo",
    "ListEvent",
    "MessageInfo",
    "NewContact",
    "NotFound",
    "OwnLimits",
    "PinAnswer",
    "PinFound",
    "PinLocked",
    "PinModeOf",
    "PinWrong",
    "RecordingClosed",
    "RecordingInfo",
    "RestrictionInfo",
    "StaffInfo",
    "Store",
    "StoreError",
    "UnitInfo",
    "WaitingMessage",
    "open_store",
    "site_secret",
]
