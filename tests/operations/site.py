"""A small site on which the example of every operation succeeds, with a member of staff for each role.

Facility "north" with unit B2 and handsets h1 and h2; inmates 1001 and 1002 with a contact and money; 1001 has said his
name; call 1 ended, and has a recording of two seconds; call 2 ended and billed collect, call 3 refused; +12025550199 is
blocked; +12025550155 has a closed account; "south" is another facility; 1002 waits for a review of +12025550171.
"""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from kinline.accounts import prepaid_account
from kinline.accounts.rates import RateLine
from kinline.config import Settings
from kinline.console.access import Access
from kinline.console.app import without_site
from kinline.operations.operation import Operation
from kinline.operations.roles import ROLES
from kinline.profiles import load_profile
from kinline.recordings import made_keys
from kinline.rules import Allow
from kinline.rules.profile import NamedNumber
from kinline.store.given import NewContact
from kinline.store.recordings import RecordingClosed
from kinline.store.store import Store
from tests.recordings.sealing import BLOCK, Sealer, head
from tests.store.backends import Backend
from tests.store.site import MOTHER, NOON, PROFILE, RATE, begun, furnish, store_at

# The tokens in each kind of database's model, from which every House is copied.
_TOKENS: dict[str, dict[str, str]] = {}
TIMELESS = timedelta(days=3650)


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


class House:
    """A site's database with the API over it."""

    def __init__(self, backend: Backend) -> None:
        self.address = backend.made("house", lambda store: _TOKENS.__setitem__(backend.name, furnish_house(store)))
        self.tokens = _TOKENS[backend.name]
        self.store: Store = store_at(self.address)
        self.clock = Clock()
        self.settings = settings()
        self.app = _application()
        self.app.state.access = Access(self.store, self.settings, self.clock)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def close(self) -> None:
        self.client.close()
        self.store.close()

    def ask(self, wanted: Operation, staff: str, request: dict[str, Any] | None = None, **more: Any) -> Response:
        """Ask for an operation as a member of staff: with its example, unless another request is given."""
        fields = dict(wanted.example) if request is None else request
        return self.call(wanted.name, staff, changes=wanted.changes, fields={**fields, **more})

    def call(self, name: str, staff: str, *, changes: bool, fields: dict[str, Any]) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens[staff]}"}
        path = f"/api/{name.replace('.', '/')}"
        if changes:
            return self.client.post(path, json=fields, headers=headers)
        return self.client.get(path, params=fields, headers=headers)


@cache
def _application() -> FastAPI:
    """One for all houses: to make it takes longer than most tests."""
    return without_site()


@cache
def _folder() -> Path:
    """Of the recordings and their key: those of all houses are the same."""
    folder = Path(tempfile.mkdtemp(prefix="kinline-house-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def settings() -> Settings:
    storage = {"recordings_dir": _folder(), "recording_keys_file": _folder() / "recordings.key", "exports_dir": _folder() / "out"}
    return Settings.model_validate({"facility": "north", "trunk": {"address": "127.0.0.1"}, "storage": storage})


def _record(store: Store, call: int) -> Path:
    """Two seconds of a call, closed."""
    keys, secret, file = made_keys(_folder() / "recordings.key", _folder()), bytes(32), _folder() / f"{call}.klr"
    sealer = Sealer(file, secret, head(keys.newest.id, keys.wrapped(secret), call=call))
    for n in range(4):
        sealer.audio(n * BLOCK, bytes(range(256)) * (4 * BLOCK // 256) + bytes(4 * BLOCK % 256))
    sealer.end(4 * BLOCK, 4 * BLOCK)
    closed = RecordingClosed(keys.newest.id, 8000, 4 * BLOCK, 0, 4, sealer.link.hex())
    store.recording_closed(call, closed, NOON + timedelta(seconds=60))
    return file


def furnish_house(store: Store) -> dict[str, str]:
    """Fill the site; the staff's tokens: a member for each role, named after it, and some more."""
    furnish(store)
    store.add_unit("north", "B2")
    store.add_facility("south", "South Facility", "America/Chicago", "generic")
    call = begun(store)
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "caller", 60, NOON + timedelta(seconds=60), recording=str(_record(store, call)))
    store.block_number("+12025550199", "staff", "north", "asked by the owner")
    owed = store.begin_call("h1", 1, MOTHER, Allow(900, "call_length", True, True, RATE, "collect"), PROFILE, NOON)
    store.mark_accepted(owed, NOON)
    store.end_call(owed, "completed", "caller", 60, NOON + timedelta(seconds=60))
    store.deposit(prepaid_account("+12025550155"), 1_000_000, "first", NOON)
    store.close_account(prepaid_account("+12025550155"), "last", NOON)
    store.set_rate("north", RateLine(50_000, "Contract 12", since=NOON.date()), NOON)
    _lists_and_restrictions(store)
    store.deny_call("h1", 1, "+12025550100", "not_on_list", "generic", NOON)
    members: dict[str, tuple[tuple[str, ...], str | None]] = {role: ((role,), None) for role in ROLES}
    members["everything"] = (tuple(role for role in ROLES if role != "auditor"), None)
    members |= {"terry": (("technician",), None), "sam": (("supervisor",), "south"), "ava": (("auditor",), "south")}
    return {
        name: store.add_staff(name, roles, facility, NOON + TIMELESS, "tests", NOON).text()
        for name, (roles, facility) in members.items()
    }


def _lists_and_restrictions(store: Store) -> None:
    """One of each of what staff enter about people, so that there is one to decide about, to lift and to list."""
    rule = load_profile(PROFILE).contact_list
    store.request_contact("north", "1002", NewContact("+12025550171", "Aunt"), rule, at=NOON)
    store.bar_number("+12025550198", "owner_request", "letter of 1 March", "north", at=NOON)
    store.block_prefix("+1976", "north", note="premium", at=NOON)
    ombudsman = NamedNumber(
        source="order 2", effective=NOON.date(), number="+12025550190", label="Ombudsman", number_class="free"
    )
    store.add_named_line("north", ombudsman, NOON)
    later = NOON + timedelta(days=1)
    restriction = store.restrict("north", inmate="1002", kind="sanction", since=later, until=later + TIMELESS, at=NOON)
    store.determine_counsel(restriction, "north", "threats were passed on", "memo 3", NOON)
    store.arrange_counsel("north", "1001", "+12025550170", "L. Example", "file 11", later, later + TIMELESS, NOON)
    store.leave_message("north", "1001", "Please call home.", at=NOON)
    store.keep_name(store.inmate("north", "1001").id, bytes(16_000), "h1", NOON)
