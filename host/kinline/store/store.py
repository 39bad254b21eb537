"""Everything that the daemon and the command line ask of the database."""

from kinline.store.audit import AuditLog
from kinline.store.calls import Calls
from kinline.store.running import Running


class Store(Calls, Running, AuditLog):
    """Synchronous; each method is one transaction. `kinline.store.open_store` makes one."""
