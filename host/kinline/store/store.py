"""Everything that the daemon and the command line ask of the database."""

from kinline.store.accounts import Accounts
from kinline.store.audit import AuditLog
from kinline.store.calls import Calls
from kinline.store.kiosk import Kiosks
from kinline.store.rates import Rates
from kinline.store.statements import Statements


class Store(Calls, Accounts, Kiosks, Rates, Statements, AuditLog):
    """Synchronous; each method is one transaction. `kinline.store.open_store` makes one."""
