"""Each operation asked by each role: who may gets it, who may not is told whose it is, and both leave their trace."""

import pytest

from kinline.counters import counters
from kinline.operations.desk import Desk
from kinline.operations.operation import Operation, catalogue, perform
from kinline.operations.roles import ROLES, Forbidden, local_actor, staff_actor, widened
from kinline.store import audit
from kinline.store.models import Base
from kinline.store.store import Store
from tests.operations.rights import RIGHTS
from tests.operations.site import House

OPERATIONS = list(catalogue().values())
SERVED = [wanted for wanted in OPERATIONS if wanted.over_http]
LOCAL = [wanted for wanted in OPERATIONS if not wanted.roles]


def test_the_rights_of_every_operation_are_written_down() -> None:
    assert sorted(RIGHTS) == sorted(catalogue())


@pytest.mark.parametrize("wanted", OPERATIONS, ids=lambda wanted: wanted.name)
def test_the_rights_are_as_written(wanted: Operation) -> None:
    assert {role for role in ROLES if role in wanted.roles} == set(RIGHTS[wanted.name].split()) - {"-"}


@pytest.mark.parametrize("wanted", SERVED, ids=lambda wanted: wanted.name)
def test_who_may_not_is_told_whose_it_is_and_leaves_a_trace(house: House, wanted: Operation) -> None:
    may = RIGHTS[wanted.name].split()
    before, counted = _contents(house.store), counters.value("operation_refused", wanted.name)
    refused = [role for role in ROLES if role not in may]
    for role in refused:
        answer = house.ask(wanted, role)
        assert answer.status_code == 403 and set(answer.json()["roles"]) == set(may), answer.text
        last = house.store.audited(1)[0]
        assert (last.actor, last.action, last.subject) == (role, "refused", wanted.name)
    assert counters.value("operation_refused", wanted.name) == counted + len(refused)
    assert _changed(before, _contents(house.store)) <= {"audit"} and house.store.verify_audit().whole


@pytest.mark.parametrize(
    ("wanted", "role"),
    [(wanted, role) for wanted in SERVED if wanted.changes for role in RIGHTS.get(wanted.name, "").split()],
    ids=lambda part: part if isinstance(part, str) else part.name,
)
def test_who_may_change_something_does_and_it_is_audited_under_their_name(house: House, wanted: Operation, role: str) -> None:
    before = house.store.audit_head().rows
    answer = house.ask(wanted, role)
    assert answer.status_code == 200, answer.text
    new = house.store.audited(house.store.audit_head().rows - before + 1)[:-1]
    assert new and {deed.actor for deed in new} == {role}
    assert house.store.verify_audit().whole


@pytest.mark.parametrize("wanted", [wanted for wanted in SERVED if not wanted.changes], ids=lambda wanted: wanted.name)
def test_who_may_read_does_and_nothing_changes(house: House, wanted: Operation) -> None:
    before = _contents(house.store)
    for role in RIGHTS[wanted.name].split():
        answer = house.ask(wanted, role)
        assert answer.status_code == 200, answer.text
    assert _contents(house.store) == before


@pytest.mark.parametrize("wanted", LOCAL, ids=lambda wanted: wanted.name)
def test_what_is_local_works_there_and_for_nobody_else(house: House, wanted: Operation) -> None:
    request = wanted.request.model_validate(wanted.example)
    for role in ROLES:
        with pytest.raises(Forbidden, match="host's own command line"):
            perform(_desk(house, role), wanted, request)
    perform(Desk(house.store, house.settings, local_actor("root"), house.clock), wanted, request)
    assert house.store.audited(1)[0].actor == "root"


@pytest.mark.parametrize("wanted", [o for o in OPERATIONS if o.changes], ids=lambda wanted: wanted.name)
def test_no_deed_without_its_audit_row(any_house: House, wanted: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("no room in the log")

    before = _contents(any_house.store)
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", broken)
        with pytest.raises(RuntimeError, match="no room"):
            _local(any_house, wanted)
    assert _contents(any_house.store) == before
    _local(any_house, wanted)
    assert _contents(any_house.store) != before


@pytest.mark.parametrize("wanted", SERVED, ids=lambda wanted: wanted.name)
def test_staff_of_one_facility_stay_there(house: House, wanted: Operation) -> None:
    role = "supervisor" if "supervisor" in wanted.roles else "auditor"
    house.store.change_staff("sam", [role], "south", "tests", house.clock())
    if role not in wanted.roles or wanted.request.concerns_nobody:
        return
    fields = {"facility": "north"} if "facility" in wanted.request.model_fields else {}
    before = _contents(house.store)
    refused = house.ask(wanted, "sam", **fields)
    assert refused.status_code == 403 and "south only" in refused.json()["detail"], refused.text
    assert _changed(before, _contents(house.store)) == {"audit"}


def test_what_is_listed_is_ones_own_facilitys(house: House) -> None:
    for name in ("calls.list", "handset.list", "inmate.list"):
        assert house.call(name, "sam", changes=False, fields={}).json() == [], name
    assert [f["code"] for f in house.call("facility.list", "sam", changes=False, fields={}).json()] == ["south"]
    assert house.call("calls.show", "sam", changes=False, fields={"call": 1}).status_code == 404


def test_what_reaches_every_facility_is_not_for_staff_of_one(house: House) -> None:
    fields = {"number": "+12025550166", "note": "x", "everywhere": True}
    assert house.call("number.block", "sam", changes=True, fields=fields).status_code == 403
    assert house.call("number.block", "supervisor", changes=True, fields=fields).status_code == 200


def test_rights_that_follow() -> None:
    assert widened({"counselor"}, changes=True) == {"counselor", "supervisor"}
    assert widened({"technician"}, changes=False) == {"technician", "auditor"}
    with pytest.raises(ValueError, match="changes nothing"):
        widened({"auditor"}, changes=True)
    with pytest.raises(ValueError, match="no roles"):
        widened({"warden"}, changes=True)  # type: ignore[arg-type]


def _desk(house: House, name: str) -> Desk:
    return Desk(house.store, house.settings, staff_actor(house.store.staff_member(name)), house.clock)


def _local(house: House, wanted: Operation) -> None:
    desk = Desk(house.store, house.settings, local_actor("root"), house.clock)
    perform(desk, wanted, wanted.request.model_validate(wanted.example))


def _contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def _changed(before: dict[str, list[tuple[object, ...]]], after: dict[str, list[tuple[object, ...]]]) -> set[str]:
    return {name for name in after if after[name] != before[name]}
