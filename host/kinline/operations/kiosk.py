"""Payments from the canteen or a kiosk, as a file."""

from typing import Annotated, Literal

from pydantic import Field

from kinline.accounts import dollars
from kinline.accounts.kiosk import LARGEST_FILE_BYTES, read_payments
from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility, FileText, Label, Matching
from kinline.operations.operation import Answer, Order, operation


class AccountImport(Order):
    payments: Annotated[
        str,
        FileText(),
        Matching(r"[\s\S]+", "a file of payments; it is empty, or too large: split it", LARGEST_FILE_BYTES),
        Field(description="The columns key, inmate, amount (dollars) and time, or one JSON object of these a line."),
    ]
    form: Annotated[Literal["csv", "jsonl"] | None, Field(description="Without it, JSON lines are known by their brace.")] = None
    source: Annotated[
        str,
        Matching(r"[a-z0-9-]+", "a source; write lower-case letters, digits and hyphens", 20),
        Field(description="Whose keys these are."),
    ] = "kiosk"
    name: Annotated[Label, Field(description="The file's name, for later questions.")] = "payments"
    facility: AtFacility = None


class AccountImported(Answer):
    """`known` payments were taken by an earlier import; `taken` are new."""

    facility: str
    source: str
    taken: int
    taken_micros: int
    known: int


@operation(
    "account.import",
    roles={"supervisor"},
    example={"payments": "key,inmate,amount,time\nK1,1001,10.00,2026-03-02T11:00:00-05:00\n", "source": "canteen"},
    tell=lambda a: f"Took {a.taken} payments of {dollars(a.taken_micros)} in all; {a.known} were known already.",
)
def import_payments(desk: Desk, request: AccountImport) -> AccountImported:
    """Take a file of payments into inmates' accounts: all of it or nothing, each key once."""
    home = desk.home(request.facility)
    form = request.form or ("jsonl" if request.payments.lstrip("\ufeff \t\r\n").startswith("{") else "csv")
    payments = read_payments(request.payments.encode("utf-8", "surrogatepass"), form, desk.now)
    report = desk.store.import_payments(home, request.source, payments, request.name, desk.now, desk.by)
    return AccountImported(
        facility=home,
        source=request.source,
        taken=report.taken,
        taken_micros=report.taken_micros,
        known=report.known,
    )
