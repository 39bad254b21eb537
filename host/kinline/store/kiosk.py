"""Payments from the canteen or a kiosk: a file is taken as a whole, each key once for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.accounts.kiosk import Fault, KioskFileError, KioskPayment
from kinline.accounts.ledger import debit_account, deposit
from kinline.accounts.money import dollars
from kinline.store import audit
from kinline.store.accounts import SYSTEM
from kinline.store.books import VALUES_A_QUERY, locked, post_all
from kinline.store.database import Database
from kinline.store.errors import NotFound
from kinline.store.models import FacilityRow, InmateRow
from kinline.store.tables.money import KioskPaymentRow


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`taken` payments were new and make `taken_micros`; `known` were taken by an earlier import."""

    taken: int
    taken_micros: int
    known: int


class Kiosks(Database):
    def import_payments(
        self,
        facility: str,
        source: str,
        payments: Sequence[KioskPayment],
        file: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> ImportReport:
        """Take a file's payments into the inmates' debit accounts, all of them or none.

        `source` is whose keys these are, such as "canteen". Raises KioskFileError with every line that cannot be taken.
        """
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            home = session.scalar(select(FacilityRow).where(FacilityRow.code == facility))
            if home is None:
                raise NotFound(f"facility {facility!r} does not exist; kinline facility list shows those that do")
            # The row of the money's origin orders two imports of one file: the second finds what the first has taken.
            locked(session, {"cash"})
            known = _known(session, home, source, [payment.key for payment in payments])
            inmates = _inmates(session, home)
            fresh = [payment for payment in payments if payment.key not in known]
            accounts = locked(session, {debit_account(i) for p in fresh if (i := inmates.get(p.inmate)) is not None} | {"cash"})
            closed = {name for name, row in accounts.items() if row.closed_at is not None}
            _refuse(_faults(payments, known, inmates, closed, facility))
            entries = [
                deposit(debit_account(inmates[p.inmate]), p.amount_micros, p.key, f"kiosk:{home.id}:{source}") for p in fresh
            ]
            for payment, entry_id in zip(fresh, post_all(session, entries, moment), strict=True):
                session.add(
                    KioskPaymentRow(
                        facility_id=home.id,
                        source=source,
                        key=payment.key,
                        inmate=payment.inmate,
                        amount_micros=payment.amount_micros,
                        paid_at=payment.paid_at,
                        entry_id=entry_id,
                        imported_at=moment,
                        file=file[:200],
                        line=payment.line,
                    )
                )
            total = sum(payment.amount_micros for payment in fresh)
            report = ImportReport(taken=len(fresh), taken_micros=total, known=len(payments) - len(fresh))
            details = {"source": source, "file": file[:200], "taken": report.taken, "taken_micros": total, "known": report.known}
            audit.record(session, moment, actor, "account.import", facility, details)
            return report


def _known(session: Session, home: FacilityRow, source: str, keys: Sequence[str]) -> dict[str, KioskPaymentRow]:
    """What those of the keys stand for that were taken before."""
    query = select(KioskPaymentRow).where(KioskPaymentRow.facility_id == home.id, KioskPaymentRow.source == source)
    found: dict[str, KioskPaymentRow] = {}
    for start in range(0, len(keys), VALUES_A_QUERY):
        some = query.where(KioskPaymentRow.key.in_(keys[start : start + VALUES_A_QUERY]))
        found.update({row.key: row for row in session.scalars(some)})
    return found


def _inmates(session: Session, home: FacilityRow) -> dict[str, int]:
    query = select(InmateRow.number, InmateRow.id).where(InmateRow.facility_id == home.id)
    return dict(session.execute(query).all())


def _faults(
    payments: Sequence[KioskPayment],
    known: dict[str, KioskPaymentRow],
    inmates: dict[str, int],
    closed: set[str],
    facility: str,
) -> list[Fault]:
    faults = []
    for payment in payments:
        row = known.get(payment.key)
        if row is not None:
            before = KioskPayment(row.line, row.key, row.inmate, row.amount_micros, row.paid_at)
            if not before.same_as(payment):
                faults.append(
                    Fault(
                        payment.line,
                        f"key {payment.key!r} is {payment} here and was {before} on line {row.line} of {row.file}, taken "
                        f"{row.imported_at:%Y-%m-%d %H:%M} UTC; give this payment its own key",
                    )
                )
        elif payment.inmate not in inmates:
            faults.append(Fault(payment.line, f"inmate {payment.inmate!r} of {facility} does not exist; check the number"))
        elif debit_account(inmates[payment.inmate]) in closed:
            faults.append(Fault(payment.line, f"the account of inmate {payment.inmate} is closed; open it again, or give back "
                                              f"the {dollars(payment.amount_micros)}"))  # fmt: skip
    return faults


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise KioskFileError(faults)
