"""A database of the first version, with people in it, becomes one of this version with nothing lost."""

from kinline.rules import Restriction
from tests.store.backends import Backend
from tests.store.first_release import of_first_release
from tests.store.site import MOTHER, NOON, store_at

FIRST_VERSION = """
INSERT INTO facility (id, code, name, timezone, profile, pin_mode, suspended, recorded)
 VALUES
 (1, 'north', 'North', 'America/New_York', 'generic', 'id+pin', false, true),
 (2, 'south', 'South', 'UTC', 'generic', 'id+pin', true, true);
INSERT INTO unit (id, facility_id, name, windows) VALUES (1, 1, 'B2', '[["08:00", "11:00"]]');
INSERT INTO handset (id, device_id, psk, facility_id, unit_id, label, enabled, pin_misses, lock_level) VALUES
 (1, 'h1', 'kkkkkkkkkkkkkkkk', 1, 1, '', true, 2, 0);
INSERT INTO inmate (id, facility_id, unit_id, number, name, language, status) VALUES (1, 1, 1, '1001', 'One', 'es', 'active');
INSERT INTO restriction (id, inmate_id, starts_at, ends_at, reason) VALUES
 (1, 1, '2026-03-02 17:00:00+00:00', '2026-03-03 17:00:00+00:00', 'sanction'), (2, 1, NULL, NULL, 'open');
INSERT INTO contact (id, inmate_id, number, label, status, number_class, recorded) VALUES
 (1, 1, '+12025550123', 'Mother', 'approved', 'social', true), (2, 1, '+12025550170', 'Attorney', 'approved', 'privileged', true)
"""


def test_people_of_the_first_version(backend: Backend) -> None:
    store = store_at(of_first_release(backend, FIRST_VERSION))
    facts = store.call_request(1, MOTHER, "h1", NOON)
    assert facts.inmate is not None
    assert facts.inmate.restrictions == (Restriction(since=NOON, until=NOON.replace(day=3)), Restriction())
    # What was entered as privileged stays so: nobody's attorney is recorded for an upgrade.
    assert [contact.number_class for contact in facts.inmate.contacts] == ["social", "privileged"]
    assert not facts.facility.suspended
    assert [str(window) for window in facts.facility.schedules["B2"]] == ["08:00-11:00"]
    assert [(f.code, f.suspended, f.local_prefixes) for f in store.facilities()] == [("north", False, ()), ("south", True, ())]
    assert store.handset("h1").pin_mode == "id+pin"
    assert [r.reason for r in store.restrictions("north", NOON)] == ["sanction", "open"]
    assert store.lift_restriction(2, "north").lifted_at is not None
    store.close()
