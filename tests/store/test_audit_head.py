"""What the chain alone cannot show: rows cut off its end, and a log written anew."""

from sqlalchemy import text

from kinline.store import audit
from kinline.store.store import Store
from tests.store.site import NOON


def test_a_head_kept_elsewhere_is_found(store: Store) -> None:
    kept = store.audit_head()
    assert store.verify_audit(kept.hash).whole
    store.suspend_facility("north", True)
    report = store.verify_audit(kept.hash)
    assert report.whole and report.head == store.audit_head().hash != kept.hash


def test_rows_cut_off_the_end_are_missed(store: Store) -> None:
    store.suspend_facility("north", True)
    kept = store.audit_head()
    _behind_the_triggers(store, f"DELETE FROM audit WHERE id = {kept.rows}")
    assert store.verify_audit().whole
    report = store.verify_audit(kept.hash)
    assert report.broken_at is None and report.head_found is False and not report.whole


def test_a_log_written_anew_is_missed(store: Store) -> None:
    kept = store.audit_head()
    _behind_the_triggers(store, "DELETE FROM audit")
    for number in range(kept.rows):
        store.audit_refusal("nobody", f"deed {number}", [], "", NOON)
    assert store.verify_audit().whole
    assert not store.verify_audit(kept.hash).whole


def test_an_empty_log_has_a_head(store: Store) -> None:
    _behind_the_triggers(store, "DELETE FROM audit")
    head = store.audit_head()
    assert (head.rows, head.hash) == (0, audit.FIRST_HASH)
    assert store.verify_audit(head.hash).whole and store.audited(10) == []


def test_what_is_read_is_what_was_done(store: Store) -> None:
    store.suspend_facility("north", True, actor="sam")
    deed = store.audited(1)[0]
    assert (deed.actor, deed.action, deed.subject, deed.details) == ("sam", "facility.suspend", "north", {"suspended": True})
    assert [d.action for d in store.audited(10, actor="sam")] == ["facility.suspend"]
    assert store.audited(10, action="nothing") == []


def _behind_the_triggers(store: Store, deed: str) -> None:
    with store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text(deed))
