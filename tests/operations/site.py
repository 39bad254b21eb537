"""A small site on which the example of every operation succeeds, with a member of staff for each role.

Facility "north" with unit B2 and handsets h1 and h2; inmates 1001 and 1002 with a contact and money; call 1 ended,
call 2 ended and billed
collect, call 3 refused; +12025550199 is blocked; +12025550155 has a closed account; "south" is another facility.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from kinline.accounts import prepaid_account
from kinline.accounts.rates import RateLine
from kinline.config import Settings
from kinline.console.app import application
from kinline.operations import ROLES, Operation
from kinline.rules import Allow
from kinline.store import Store
from tests.store.site import MOTHER, NOON, PROFILE, RATE, begun, furnished, store_at

TIMELESS = timedelta(days=3650)


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


class House:
    """A site's database with the API over it. A copy of a template: making one takes a second, copying it none."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.file = folder / "kinline.db"
        shutil.copyfile(template, self.file)
        self.tokens = dict(line.split() for line in template.with_suffix(".tokens").read_text().splitlines())
        self.store: Store = store_at(self.file)
        self.clock = Clock()
        self.settings = settings()
        self.client = TestClient(application(self.store, self.settings, self.clock), raise_server_exceptions=False)

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


def settings() -> Settings:
    return Settings.model_validate({"facility": "north", "trunk": {"address": "127.0.0.1"}})


def template(folder: Path) -> Path:
    """Make the site's file, and beside it the staff's tokens: one for each role, named after it, and some more."""
    file = folder / "template.db"
    store = furnished(file)
    store.add_unit("north", "B2")
    store.add_facility("south", "South Facility", "America/Chicago", "generic")
    call = begun(store)
    store.mark_accepted(call, NOON)
    store.end_call(call, "completed", "caller", 60, NOON + timedelta(seconds=60))
    store.block_number("+12025550199", "staff", "north", "asked by the owner")
    owed = store.begin_call("h1", 1, MOTHER, Allow(900, "call_length", True, True, RATE, "collect"), PROFILE, NOON)
    store.mark_accepted(owed, NOON)
    store.end_call(owed, "completed", "caller", 60, NOON + timedelta(seconds=60))
    store.deposit(prepaid_account("+12025550155"), 1_000_000, "first", NOON)
    store.close_account(prepaid_account("+12025550155"), "last", NOON)
    store.set_rate("north", RateLine(50_000, "Contract 12", since=NOON.date()), NOON)
    store.deny_call("h1", 1, "+12025550100", "not_on_list", "generic", NOON)
    members: dict[str, tuple[tuple[str, ...], str | None]] = {role: ((role,), None) for role in ROLES}
    members |= {"terry": (("technician",), None), "sam": (("supervisor",), "south"), "ava": (("auditor",), "south")}
    tokens = {
        name: store.add_staff(name, roles, facility, NOON + TIMELESS, "tests", NOON).text()
        for name, (roles, facility) in members.items()
    }
    store.close()
    file.with_suffix(".tokens").write_text("".join(f"{name} {token}\n" for name, token in tokens.items()))
    return file
