"""A name in the caller's own voice is kept once, heard and erased by staff with a trace, and belongs to nobody else."""

import pytest

from kinline.store.errors import NotFound, StoreError
from kinline.store.store import Store
from tests.store.site import NOON

SOUND = b"\1\2" * 8000


def test_the_first_stays_until_it_is_erased(store: Store) -> None:
    inmate = store.inmate("north", "1001").id
    assert store.name_sound(inmate) is None
    store.keep_name(inmate, SOUND, "h1", NOON)
    store.keep_name(inmate, b"\3\4", "h1", NOON)
    assert store.name_sound(inmate) == SOUND
    (info,) = store.spoken_names("north")
    assert (info.inmate, info.recorded_at, info.handset) == ("1001", NOON, "h1")
    store.erase_name("north", "1001", "it was no name", NOON, "sue")
    assert store.name_sound(inmate) is None and store.spoken_names("north") == []
    store.keep_name(inmate, b"\3\4", "h1", NOON)
    assert store.name_sound(inmate) == b"\3\4"


def test_what_staff_do_with_it_is_audited_without_the_voice(store: Store) -> None:
    store.keep_name(store.inmate("north", "1001").id, SOUND, "h1", NOON)
    assert store.name_heard("north", "1001", NOON, "sue") == SOUND
    store.erase_name("north", "1001", "it was no name", NOON, "sue")
    deeds = [(row.actor, row.action, row.subject) for row in store.audited(limit=5) if row.action.startswith("name.")]
    assert sorted(deeds) == [
        ("sue", "name.erase", "north/1001"),
        ("sue", "name.play", "north/1001"),
        ("system", "name.keep", "north/1001"),
    ]


@pytest.mark.parametrize("sound", [b"", b"\1", bytes(64_002)])
def test_no_sound_and_too_much_are_refused(store: Store, sound: bytes) -> None:
    with pytest.raises(StoreError, match="a spoken name has"):
        store.keep_name(store.inmate("north", "1001").id, sound, "h1", NOON)


def test_what_is_not_kept_can_neither_be_heard_nor_erased(store: Store) -> None:
    for deed in (lambda: store.name_heard("north", "1001"), lambda: store.erase_name("north", "1001", "why")):
        with pytest.raises(NotFound, match="they are asked at their next visit"):
            deed()
