"""Sheets of inmates, contacts and barred numbers go in whole or not at all."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from kinline.people.sheet import SheetError
from kinline.rules.profile import ContactList
from kinline.store.pins import PinFound
from kinline.store.store import Store
from tests.store.site import MOTHER, NOON

RULE = ContactList(source="A.D. 10.7", effective=date(2000, 1, 1), maximum=2, change_every_days=30)


def faults(error: pytest.ExceptionInfo[SheetError]) -> list[str]:
    return str(error.value).splitlines()


class TestInmates:
    def test_a_whole_sheet(self, store: Store) -> None:
        store.add_unit("north", "B2")
        sheet = b"number,name,unit,language,pin\n2001,Ann Example,B2,es,604417\n2002,Bo Example,,,\n"
        assert store.import_inmates("north", sheet, "new.csv", NOON).rows == 2
        info = store.inmate("north", "2001")
        assert (info.name, info.unit, info.language) == ("Ann Example", "B2", "es")
        assert isinstance(store.inmate_by_pin("h1", "2001", "604417", NOON), PinFound)

    def test_every_bad_line_at_once_and_nothing_taken(self, store: Store) -> None:
        before = _contents(store)
        sheet = b"number,name,unit,language,pin\n1001,Ann,,,\n2001,Bo,B9,,\n2002,Cy,,,\n20 x,Di,,,\n2003,Ed,,fr,\n2004,Flo,,,12\n"
        with pytest.raises(SheetError) as error:
            store.import_inmates("north", sheet, "new.csv")
        # Cells come first: what does not read cannot be compared with what there is.
        assert faults(error) == [
            "new.csv: line 5: number: '20 x' is not an inmate's number; it has up to 20 letters, digits and hyphens",
            "new.csv: line 6: language: 'fr' is none of en, es",
            "new.csv: line 7: pin: a PIN has four to eight digits",
        ]
        with pytest.raises(SheetError) as error:
            store.import_inmates("north", b"number,name,unit\n1001,Ann,\n2001,Bo,B9\n2002,Cy,\n", "new.csv")
        assert faults(error) == [
            "new.csv: line 2: number: inmate 1001 of north exists already; leave the line out",
            "new.csv: line 3: unit: there is no unit 'B9' in north; add it first, or check the spelling",
        ]
        assert _contents(store) == before

    def test_by_pin_alone_no_sheet_tells_which_pins_there_are(self, store: Store) -> None:
        store.add_facility("south", "South", "America/Chicago", "ct-doc", "pin")
        with pytest.raises(SheetError, match="leave the column out"):
            store.import_inmates("south", b"number,name,pin\n1,Ann,604417\n", "new.csv")
        assert store.import_inmates("south", b"number,name\n1,Ann\n", "new.csv").rows == 1

    def test_the_log_keeps_how_many_and_of_which_file_and_no_pin(self, store: Store) -> None:
        store.import_inmates("north", b"number,name,pin\n2001,Ann,73519264\n", "new.csv")
        with store.engine.connect() as connection:
            rows = str(connection.execute(text("SELECT * FROM audit WHERE action = 'inmate.import'")).all())
        assert "sha256" in rows and "73519264" not in rows


class TestContacts:
    def test_a_whole_sheet(self, store: Store) -> None:
        sheet = b"inmate,number,label,line,status\n1001,(202) 555-0150,Sister,cell,\n1002,+12025550151,,,pending\n"
        assert store.import_contacts("north", sheet, "c.csv", RULE, NOON).rows == 2
        sister = store.contacts("north", "1001")[1]
        assert (sister.number, sister.label, sister.line, sister.status) == ("+12025550150", "Sister", "cell", "approved")
        assert store.contacts("north", "1002")[1].status == "pending"

    def test_what_the_lists_refuse_is_told_by_line(self, store: Store) -> None:
        before = _contents(store)
        store.bar_number("+12025550159", "victim", "case 8", at=NOON)
        before = _contents(store)
        sheet = (
            "inmate,number\n1001,2025550123\n1001,2025550150\n1001,2025550151\n9,2025550150\n1002,2025550159\n1002,2025550152\n"
        )
        with pytest.raises(SheetError) as error:
            store.import_contacts("north", sheet.encode(), "c.csv", RULE, NOON)
        assert faults(error) == [
            "c.csv: line 2: number: +12025550123 on the list of 1001 exists already and is approved; "
            "choose another, or list what there is",
            "c.csv: line 4: number: the list of 1001 is full with 2 numbers; remove one first",
            "c.csv: line 5: number: inmate '9' of north does not exist; add it first, or check the spelling",
            "c.csv: line 6: number: +12025550159 is not approved: it is in the register of barred numbers",
        ]
        assert _contents(store) == before

    def test_no_sheet_makes_a_number_privileged(self, store: Store) -> None:
        with pytest.raises(SheetError, match="none of social, free, relay"):
            store.import_contacts("north", b"inmate,number,class\n1001,2025550150,privileged\n", "c.csv", RULE)


class TestBarredNumbers:
    def test_a_whole_sheet_clears_the_lists(self, store: Store) -> None:
        sheet = b"number,kind,reference\n2025550123,victim,case 1\n2025550150,do_not_call,register\n"
        done = store.import_barred(None, sheet, "v.csv", NOON)
        assert (done.rows, done.removed_from) == (2, ("north/1001", "north/1002"))
        assert [contact.status for contact in store.contacts("north", "1001")] == ["removed"]
        with pytest.raises(SheetError) as error:
            store.import_barred(None, sheet + b"2025550151,victim,case 2\n", "v.csv", NOON + timedelta(days=1))
        assert len(faults(error)) == 2 and "barred already everywhere (since 2026-03-02)" in faults(error)[0]
        assert len(store.barred_numbers()) == 2
        assert MOTHER in {bar.number for bar in store.barred_numbers()}


def _contents(store: Store) -> dict[str, list[object]]:
    names = ("inmate", "contact", "list_event", "barred_number", "audit")
    with store.engine.connect() as connection:
        return {name: list(connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))) for name in names}
