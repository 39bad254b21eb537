"""What people get to see of their money: statements, receipts, and the call to fetch what they forgot."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from kinline.accounts import MoneyError
from kinline.accounts.receipt import Receipt, faults, receipt_from, receipt_text
from kinline.accounts.statement import Statement, statement_text
from kinline.operations.accounts import Billing, Inmate, Number, account_of
from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, FileText, Matching, Note, RowId
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.model import Language
from kinline.store.given import NoteKind

Month = Annotated[str, Matching(r"[0-9]{4}-(0[1-9]|1[0-2])", "a month; write for example 2026-03", 7)]
InLanguage = Annotated[Language, Field(description="The language of the text.")]


class AccountStatement(Question):
    month: Annotated[Month, Field(description="For example 2026-03.")]
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    language: InLanguage = "en"
    facility: AtFacility = None


class StatementAnswer(Answer):
    statement: Statement
    text: str


@operation(
    "account.statement",
    roles={"supervisor"},
    example={"month": "2026-03", "inmate": "1001"},
    tell="{text}",
)
def statement(desk: Desk, request: AccountStatement) -> StatementAnswer:
    """Draw up a month of an account: deposits, calls with their times and charges, refunds, balance carried over."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    drawn = desk.store.statement(account, request.month, desk.store.facility(desk.home(request.facility)).timezone)
    return StatementAnswer(statement=drawn, text=statement_text(drawn, request.language))


class AccountReceipt(Question):
    call: Annotated[RowId, Argument("CALL"), Field(description="The call's record.")]
    language: InLanguage = "en"
    facility: AtFacility = None


class ReceiptAnswer(Answer):
    receipt: Receipt
    text: str


@operation("account.receipt", roles={"supervisor"}, example={"call": 1}, tell="{text}")
def receipt(desk: Desk, request: AccountReceipt) -> ReceiptAnswer:
    """Show how the charge of one call comes about."""
    made = desk.store.receipt(request.call, desk.within(request.facility))
    return ReceiptAnswer(receipt=made, text=receipt_text(made, request.language))


class AccountVerifyReceipt(Question):
    concerns_nobody = True

    receipt: Annotated[
        str,
        FileText(),
        Matching(r"[\s\S]+", "a receipt; pass the JSON that account receipt gives", 10_000),
        Field(description="A receipt's JSON form."),
    ]


class ReceiptVerified(Answer):
    right: bool
    faults: list[str]


_EXAMPLE = {
    "call": 1,
    "account": "prepaid:+12025550123",
    "billing": "prepaid",
    "inmate": "1001",
    "number": "+12025550123",
    "started_at": "2026-03-02T17:00:00Z",
    "accepted_at": "2026-03-02T17:00:09Z",
    "ended_at": "2026-03-02T17:02:14Z",
    "limit_seconds": 900,
    "talk_seconds": 125,
    "rate_micros_per_minute": 210_000,
    "rate_source": "the contract",
    "held_micros": 3_150_000,
    "price_micros": 437_500,
    "charged_micros": 437_500,
    "credited_micros": 0,
}


@operation(
    "account.verify-receipt",
    roles={"counselor", "legal", "investigator", "technician", "supervisor"},
    example={"receipt": json.dumps(_EXAMPLE)},
    tell=lambda answer: "The receipt adds up." if answer.right else "\n".join(answer.faults),
    ended_well=lambda answer: answer.right,
)
def verify_receipt(desk: Desk, request: AccountVerifyReceipt) -> ReceiptVerified:
    """Work out a receipt again; exit code 1 if it does not add up."""
    found = faults(receipt_from(_read(request.receipt)))
    return ReceiptVerified(right=not found, faults=found)


def _read(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MoneyError(f"not a receipt: it is no JSON ({error}); pass what account receipt --json gives") from error
    whole = data.get("receipt", data) if isinstance(data, dict) else data
    if not isinstance(whole, dict):
        raise MoneyError("not a receipt: it is no JSON object; pass what account receipt --json gives")
    return whole


class AccountInactive(Question):
    facility: AtFacility = None


class InactiveLine(Answer):
    account: str
    balance_micros: int
    last_at: datetime
    inactive_since: datetime
    contacted_at: datetime | None


@operation(
    "account.inactive",
    roles={"supervisor"},
    example={},
    empty="No account has been left for 180 days.",
)
def inactive(desk: Desk, request: AccountInactive) -> list[InactiveLine]:
    """List accounts with money that nobody has used for 180 days: contact their holders and refund them."""
    desk.need_whole_site()
    return [InactiveLine.model_validate(one) for one in desk.store.inactive_accounts(desk.now)]


class AccountNote(Order):
    note: Annotated[Note, Field(description="What was said.")]
    kind: Annotated[
        NoteKind, Field(description="interest: the holder wants to keep the account. contacted: staff reached out.")
    ] = "interest"
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    facility: AtFacility = None


class AccountNoted(Answer):
    account: str
    kind: Literal["interest", "contacted"]


@operation(
    "account.note",
    roles={"supervisor"},
    example={"note": "wrote a letter", "kind": "contacted", "inmate": "1001"},
    tell="Noted for {account}: {kind}.",
)
def note(desk: Desk, request: AccountNote) -> AccountNoted:
    """Write down that a holder wants to keep an account, or that staff reached out about it."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    desk.store.note_account(account, request.kind, request.note, desk.now, desk.by)
    return AccountNoted(account=account, kind=request.kind)
