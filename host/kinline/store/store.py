"""Everything that the daemon, the console and the command line ask of the database."""

from sqlalchemy import Engine

from kinline.accounts.pins import PinBook
from kinline.accounts.tokens import TokenBook
from kinline.store.accounts import Accounts
from kinline.store.alarms import Alarms
from kinline.store.audit import AuditLog
from kinline.store.kiosk import Kiosks
from kinline.store.rates import Rates
from kinline.store.recordings import Recordings
from kinline.store.rehearsal import Rehearsal
from kinline.store.running import Running
from kinline.store.staff import StaffBook
from kinline.store.statements import Statements


class Store(Rehearsal, Recordings, Running, Accounts, Kiosks, Rates, Statements, AuditLog, StaffBook, Alarms):
    """Synchronous; each method is one transaction. `kinline.store.open_store` makes one."""

    def __init__(self, engine: Engine, pins: PinBook, tokens: TokenBook) -> None:
        super().__init__(engine, pins)
        self._tokens = tokens
