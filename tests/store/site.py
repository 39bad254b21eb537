"""A small facility in a database of its own."""

from datetime import UTC, datetime
from pathlib import Path

from kinline.accounts import debit_account, prepaid_account
from kinline.profiles import load_profile
from kinline.rules import Allow, decide
from kinline.store.open import open_store
from kinline.store.store import Store

SECRET = b"s" * 32
NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
MOTHER = "+12025550123"
PREPAID = prepaid_account(MOTHER)
PROFILE = "generic"
RATE = load_profile(PROFILE).rate.micros_per_minute


def store_at(place: Path | str) -> Store:
    """Open a database by its address, or an SQLite file by its path."""
    return open_store(place if isinstance(place, str) else f"sqlite:///{place}", SECRET)


def furnished(place: Path | str, dollars: int = 10) -> Store:
    """A new database with the facility of `furnish`."""
    store = store_at(place)
    furnish(store, dollars)
    return store


def furnish(store: Store, dollars: int = 10) -> None:
    """Facility "north", handsets h1 and h2, inmates 1001 and 1002 with money and a contact each."""
    store.add_facility("north", "North Facility", "America/New_York", PROFILE)
    for handset in ("h1", "h2"):
        store.add_handset(handset, b"k" * 16, "north")
    for number in ("1001", "1002"):
        inmate = store.add_inmate("north", number, f"Inmate {number}", f"4{number[1:]}")
        store.add_contact("north", number, MOTHER, at=NOON)
        store.deposit(debit_account(inmate), dollars * 1_000_000, f"first {number}")
    store.deposit(PREPAID, dollars * 1_000_000, "first")


def allowed(store: Store, handset: str, inmate: int, at: datetime = NOON, billing: str | None = None) -> Allow:
    request = store.call_request(inmate, MOTHER, handset, at, billing)  # type: ignore[arg-type]
    answer = decide(request, load_profile(PROFILE))
    assert isinstance(answer, Allow), answer
    return answer


def begun(store: Store, handset: str = "h1", inmate: int = 1, at: datetime = NOON) -> int:
    return store.begin_call(handset, inmate, MOTHER, allowed(store, handset, inmate, at), PROFILE, at)
