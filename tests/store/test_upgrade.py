"""A database of the first release comes through every migration with its money, its open call and its locks on the past."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.store.backends import Backend
from tests.store.first_release import of_first_release
from tests.store.site import MOTHER, NOON, PREPAID, RATE, store_at

MOMENT = "2026-03-02 17:00:00+00:00"

# One facility, one inmate, $10 paid in, of which a call under way holds $0.90; it was accepted and has talked 61 seconds.
FIRST_RELEASE = f"""
INSERT INTO facility VALUES (1, 'north', 'North', 'America/New_York', 'generic', 'pin', false, true, NULL);
INSERT INTO handset VALUES (1, 'h1', '{"k" * 16}', 1, NULL, '', true, 0, 0, NULL);
INSERT INTO inmate VALUES (1, 1, NULL, '1001', 'Ann Example', NULL, 'en', 'active', NULL, NULL);
INSERT INTO called_party VALUES ('{MOTHER}', false, NULL);
INSERT INTO account VALUES ('cash', 'cash', -10000000);
INSERT INTO account VALUES ('{PREPAID}', 'prepaid', 9100000);
INSERT INTO account VALUES ('held:1', 'held', 900000);
INSERT INTO call VALUES (1, 1, 1, 1, '{MOTHER}', 'generic', '{MOMENT}', '{MOMENT}', NULL, NULL, NULL, NULL, 'prepaid', {RATE},
    900, 'call_length', false, false, NULL, 61, 0, 0, NULL, NULL);
INSERT INTO hold VALUES (1, '{PREPAID}', 900000, NULL);
INSERT INTO ledger_entry VALUES (1, 'deposit:{PREPAID}:till-1', 'deposit', NULL, '{MOMENT}');
INSERT INTO posting VALUES (1, 1, 'cash', -10000000);
INSERT INTO posting VALUES (2, 1, '{PREPAID}', 10000000);
INSERT INTO ledger_entry VALUES (2, 'call:1:hold', 'hold', 1, '{MOMENT}');
INSERT INTO posting VALUES (3, 2, '{PREPAID}', -900000);
INSERT INTO posting VALUES (4, 2, 'held:1', 900000)
"""


@pytest.fixture
def first_release(backend: Backend) -> str:
    return of_first_release(backend, FIRST_RELEASE, ("ledger_entry", "posting", "call"))


def test_the_open_call_is_settled_after_the_upgrade(first_release: str) -> None:
    store = store_at(first_release)
    (info,) = store.recover(NOON)
    assert (info.talk_seconds, info.charged_micros) == (61, RATE * 61 // 60)
    assert store.balance_micros(PREPAID) == 10_000_000 - info.charged_micros
    assert store.verify_books().whole and store.trial_balance() == 0
    assert store.deposit(PREPAID, 10_000_000, "till-1") == store.balance_micros(PREPAID)
    assert store.receipt(1).rate_source is None
    store.close()


@pytest.mark.parametrize("deed", ["UPDATE posting SET amount_micros = 0", "DELETE FROM ledger_entry", "DELETE FROM call"])
def test_what_is_written_stays_after_the_upgrade(first_release: str, deed: str) -> None:
    store = store_at(first_release)
    with pytest.raises(DBAPIError, match=r"append-only|stays"), store.engine.begin() as connection:
        connection.execute(text(deed))
    store.close()
