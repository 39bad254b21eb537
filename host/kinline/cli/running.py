"""A question to the running daemon, in the name of whoever has this command line."""

from kinline.live.client import Connection
from kinline.live.protocol import Acting, Deed
from kinline.operations.desk import Desk


def asked(desk: Desk, do: Deed, handset: str | None = None, reason: str | None = None) -> Connection:
    actor = desk.actor
    acting = Acting(name=actor.name, roles=sorted(actor.roles), facility=actor.facility, local=actor.local)
    return Connection(desk.settings.storage.live_socket, do, handset, acting=acting, reason=reason)
