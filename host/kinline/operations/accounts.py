"""Money in and out of accounts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from kinline.accounts import (
    LARGEST_PAYMENT_MICROS,
    LedgerError,
    debit_account,
    dollars,
    micros_from_dollars,
    prepaid_account,
    receivable_account,
)
from kinline.accounts.ledger import LONGEST_REFERENCE, payment_micros
from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, InmateNumber, Matching, Note, Option, RowId, TelephoneNumber
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.store.errors import NotFound

if TYPE_CHECKING:
    from kinline.store.accounts import AccountInfo, BooksReport

Reference = Annotated[
    str,
    Matching(
        r"[!-~](?:[ -~]*[!-~])?",
        "a payment's reference; write up to 80 letters, digits and signs, with no space at the ends",
        LONGEST_REFERENCE,
    ),
    Field(description="The payment's own id: the same one is taken once."),
]
# Dollars are for people; programs are never asked to write a fraction.
Amount = Annotated[
    int,
    AfterValidator(payment_micros),
    Option(read=micros_from_dollars),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_PAYMENT_MICROS}),
]
TheAmount = Annotated[
    Amount, Argument("AMOUNT"), Field(description="Micro-dollars; on the command line dollars, for example 10 or 3.15.")
]
Inmate = Annotated[InmateNumber | None, Field(description="An inmate's debit account.")]
Number = Annotated[TelephoneNumber | None, Field(description="A called party's account.")]
Billing = Annotated[Literal["prepaid", "direct_bill", "collect"], Field(description="Which of a called party's accounts.")]


def account_of(desk: Desk, facility: str | None, inmate: str | None, number: str | None, billing: str = "prepaid") -> str:
    """The account that a request names. Raises LedgerError, NotFound, Forbidden.

    A called party's account serves every facility, so that only staff of the whole site see into it.
    """
    home = desk.home(facility)
    if inmate is not None and number is None:
        return debit_account(desk.store.inmate(home, inmate).id)
    if number is None or inmate is not None:
        raise LedgerError("name one account: an inmate's (--inmate) or a called party's (--number)")
    desk.need_whole_site()
    return prepaid_account(number) if billing == "prepaid" else receivable_account(billing, number)


class Balance(Answer):
    """An account after what was done."""

    account: str
    balance_micros: int


def _now_holds(answer: Balance) -> str:
    return f"{answer.account} now holds {dollars(answer.balance_micros)}."


class AccountDeposit(Order):
    amount_micros: TheAmount
    reference: Reference
    inmate: Inmate = None
    number: Number = None
    facility: AtFacility = None


@operation(
    "account.deposit",
    roles={"supervisor"},
    example={"amount_micros": 3_150_000, "reference": "till-7", "inmate": "1001"},
    tell=_now_holds,
)
def deposit(desk: Desk, request: AccountDeposit) -> Balance:
    """Take a payment into an account, once."""
    account = account_of(desk, request.facility, request.inmate, request.number)
    balance = desk.store.deposit(account, request.amount_micros, request.reference, desk.now, desk.by)
    return Balance(account=account, balance_micros=balance)


class AccountRefund(Order):
    amount_micros: TheAmount
    reference: Reference
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    facility: AtFacility = None


@operation(
    "account.refund",
    roles={"supervisor"},
    example={"amount_micros": 1_000_000, "reference": "cheque-12", "inmate": "1001"},
    tell=_now_holds,
)
def refund(desk: Desk, request: AccountRefund) -> Balance:
    """Hand money back to an account's holder, once."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    balance = desk.store.refund(account, request.amount_micros, request.reference, desk.now, desk.by)
    return Balance(account=account, balance_micros=balance)


class AccountPay(Order):
    amount_micros: TheAmount
    reference: Reference
    number: Annotated[TelephoneNumber, Field(description="The called party who pays.")]
    billing: Annotated[Literal["direct_bill", "collect"], Field(description="What is paid.")] = "direct_bill"
    facility: AtFacility = None


@operation(
    "account.pay",
    roles={"supervisor"},
    example={"amount_micros": 10_000, "reference": "cheque-31", "number": "+12025550123", "billing": "collect"},
    tell=lambda answer: f"Taken. {answer.account} owes {dollars(max(0, -answer.balance_micros))}.",
)
def pay(desk: Desk, request: AccountPay) -> Balance:
    """Take a payment for billed calls, never more than is owed."""
    account = account_of(desk, request.facility, None, request.number, request.billing)
    balance = desk.store.pay(account, request.amount_micros, request.reference, desk.now, desk.by)
    return Balance(account=account, balance_micros=balance)


class AccountBalance(Question):
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    facility: AtFacility = None


class AccountSheet(Answer):
    """An account. `owed_micros` is billed and not paid; `held_micros` is set aside for calls under way."""

    account: str
    balance_micros: int
    held_micros: int
    owed_micros: int
    credit_limit_micros: int | None
    credit_left_micros: int | None
    closed_at: datetime | None


def _sheet(info: "AccountInfo") -> AccountSheet:
    return AccountSheet(**{name: getattr(info, name) for name in AccountSheet.model_fields})


def _told_of_account(sheet: AccountSheet) -> str:
    parts = [f"{sheet.account} holds {dollars(max(0, sheet.balance_micros))}"]
    if sheet.owed_micros:
        parts = [f"{sheet.account} owes {dollars(sheet.owed_micros)}"]
    if sheet.held_micros:
        parts.append(f"{dollars(sheet.held_micros)} set aside for a call under way")
    if sheet.credit_left_micros is not None:
        parts.append(f"{dollars(sheet.credit_left_micros)} left of a credit of {dollars(sheet.credit_limit_micros or 0)}")
    if sheet.closed_at is not None:
        parts.append(f"closed since {sheet.closed_at:%Y-%m-%d}")
    return ", ".join(parts) + "."


@operation("account.balance", roles={"counselor"}, example={"inmate": "1001"}, tell=_told_of_account)
def balance(desk: Desk, request: AccountBalance) -> AccountSheet:
    """Show what an account holds or owes."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    try:
        return _sheet(desk.store.account(account))
    except NotFound:
        return AccountSheet(
            account=account,
            balance_micros=0,
            held_micros=0,
            owed_micros=0,
            credit_limit_micros=None,
            credit_left_micros=None,
            closed_at=None,
        )


class AccountCreditLimit(Order):
    number: Annotated[TelephoneNumber, Argument("NUMBER"), Field(description="The called party who is billed.")]
    limit_micros: Annotated[
        Amount | None,
        Option("--limit", read=micros_from_dollars),
        Field(description="The most that may be owed; without it, no more is billed."),
    ] = None
    facility: AtFacility = None


@operation(
    "account.credit-limit",
    roles={"supervisor"},
    example={"number": "+12025550123", "limit_micros": 50_000_000},
    tell=_told_of_account,
)
def credit_limit(desk: Desk, request: AccountCreditLimit) -> AccountSheet:
    """Let a called party be billed directly, up to a limit."""
    account_of(desk, request.facility, None, request.number)
    return _sheet(desk.store.set_credit_limit(request.number, request.limit_micros, desk.now, desk.by))


class AccountCredit(Order):
    call: Annotated[RowId, Argument("CALL"), Field(description="The call's record.")]
    reason: Annotated[Note, Field(description="Why; it goes into the audit log.")]
    amount_micros: Annotated[
        Amount | None, Option("--amount", read=micros_from_dollars), Field(description="Without it, the whole charge.")
    ] = None
    facility: AtFacility = None


@operation(
    "account.credit",
    roles={"supervisor"},
    example={"call": 1, "reason": "the line was noise"},
    tell=_now_holds,
)
def credit(desk: Desk, request: AccountCredit) -> Balance:
    """Give a call's charge back, once."""
    place = desk.within(request.facility)
    account = desk.store.receipt(request.call, place).account or ""
    balance = desk.store.credit_call(request.call, request.amount_micros, request.reason, desk.now, desk.by)
    return Balance(account=account, balance_micros=balance)


class AccountClose(Order):
    reference: Reference
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    facility: AtFacility = None


class AccountClosedAnswer(Answer):
    account: str
    paid_out_micros: int


@operation(
    "account.close",
    roles={"supervisor"},
    example={"inmate": "1002", "reference": "release-1002"},
    tell=lambda answer: f"{answer.account} is closed; {dollars(answer.paid_out_micros)} goes back to its holder.",
)
def close(desk: Desk, request: AccountClose) -> AccountClosedAnswer:
    """Close an account and pay out what it holds."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    paid = desk.store.close_account(account, request.reference, desk.now, desk.by)
    return AccountClosedAnswer(account=account, paid_out_micros=paid)


class AccountOpen(Order):
    inmate: Inmate = None
    number: Number = None
    billing: Billing = "prepaid"
    facility: AtFacility = None


class AccountOpened(Answer):
    account: str
    changed: bool


@operation(
    "account.open",
    roles={"supervisor"},
    example={"number": "+12025550155"},
    tell=lambda answer: f"{answer.account} is open{'' if answer.changed else ' already'}.",
)
def open_again(desk: Desk, request: AccountOpen) -> AccountOpened:
    """Let a closed account be used again."""
    account = account_of(desk, request.facility, request.inmate, request.number, request.billing)
    return AccountOpened(account=account, changed=desk.store.open_account(account, desk.now, desk.by))


class AccountVerify(Question):
    pass


class BooksVerified(Answer):
    """Whether the books add up: each balance is the sum of its postings, and all balances together are zero."""

    accounts: int
    entries: int
    trial_balance_micros: int
    wrong: list[str]
    whole: bool


def _told_of_books(answer: BooksVerified) -> str:
    if answer.whole:
        return f"{answer.accounts} accounts, {answer.entries} entries: the books add up."
    trouble = ", ".join(answer.wrong) or f"the trial balance is {dollars(answer.trial_balance_micros)}"
    return f"The books do not add up: {trouble}. Stop the daemon, keep the database, and report this."


@operation(
    "account.verify",
    roles={"auditor"},
    example={},
    tell=_told_of_books,
    ended_well=lambda answer: answer.whole,
)
def verify(desk: Desk, request: AccountVerify) -> BooksVerified:
    """Add up the books; exit code 1 if they do not close."""
    report: BooksReport = desk.store.verify_books()
    return BooksVerified(
        accounts=report.accounts,
        entries=report.entries,
        trial_balance_micros=report.trial_balance_micros,
        wrong=list(report.wrong),
        whole=report.whole,
    )
