"""What can go wrong with the database, each with its name, the place and the next step."""

from typing import ClassVar

from kinline.failure import Failure


class StoreError(Failure):
    """The database refused or failed; the text says where and what to do next."""


class DatabaseError(StoreError):
    """The database itself is in trouble, whatever was asked of it. `reason` is the counter's."""

    reason: ClassVar[str] = "failed"


class DatabaseLocked(DatabaseError):
    reason = "locked"


class DatabaseOvertaken(DatabaseLocked):
    """The transaction lost to another that wanted the same; done again, it finds what the other left."""

    reason = "overtaken"


class DatabaseReadOnly(DatabaseError):
    reason = "read_only"


class DatabaseCorrupt(DatabaseError):
    reason = "corrupt"


class DatabaseFull(DatabaseError):
    reason = "full"


class DatabaseMissing(DatabaseError):
    reason = "missing"


class DatabaseUnreachable(DatabaseError):
    reason = "unreachable"


class DatabaseDenied(DatabaseError):
    """The server does not let us in, or not far enough."""

    reason = "denied"


class DatabaseNewer(DatabaseError):
    reason = "newer"


class NotFound(StoreError):
    """Nothing has that name."""


class Conflict(StoreError):
    """Something already has that name, or that state."""


class CallRefused(StoreError):
    """A call that the rules allowed cannot begin after all; `rule` is the rule to name to the inmate."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
