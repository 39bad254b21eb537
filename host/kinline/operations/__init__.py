"""What staff can do: each operation declared once, served over HTTP and on the command line alike."""

from kinline.operations.desk import Desk
from kinline.operations.operation import (
    Answer,
    Operation,
    Order,
    Question,
    Sound,
    catalogue,
    noun,
    nouns,
    operation,
    perform,
)
from kinline.operations.roles import ROLES, Actor, Forbidden, Role

__all__ = [
    "ROLES",
    "Actor",
    "Answer",
    "Desk",
    "Forbidden",
    "Operation",
    "Order",
    "Question",
    "Role",
    "Sound",
    "catalogue",
    "noun",
    "nouns",
    "operation",
    "perform",
]
