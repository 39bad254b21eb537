"""Everything about people and places that the database is asked."""

from sqlalchemy import Engine

from kinline.accounts.pins import PinBook
from kinline.store.contacts import Contacts
from kinline.store.counsel import Counsel
from kinline.store.facts import Facts
from kinline.store.imports import Imports
from kinline.store.inmates import Inmates
from kinline.store.messages import Messages
from kinline.store.names import SpokenNames
from kinline.store.pins import Pins
from kinline.store.places import Places
from kinline.store.registers import Registers
from kinline.store.restrictions import Restrictions
from kinline.store.unwanted import UnwantedCalls


class People(
    Places, Inmates, Pins, Contacts, Registers, Restrictions, Counsel, Messages, SpokenNames, UnwantedCalls, Imports, Facts
):
    """Synchronous; each method is one transaction."""

    def __init__(self, engine: Engine, pins: PinBook) -> None:
        super().__init__(engine)
        self._pins = pins
