"""Accounts: deposits and balances."""

from typing import Annotated

import typer

from kinline.accounts import MICROS_A_DOLLAR, debit_account, prepaid_account
from kinline.cli.output import Json, UsageError, answer, dollars
from kinline.cli.site import DEFAULT_CONFIG, Config, Facility, actor, opened
from kinline.operations.fields import telephone_number
from kinline.store import Store

account_app = typer.Typer(no_args_is_help=True, help="Money: inmates' debit accounts and called parties' prepaid ones.")

Inmate = Annotated[str | None, typer.Option("--inmate", help="An inmate's debit account.")]
Number = Annotated[str | None, typer.Option("--number", help="A called party's prepaid account.")]


@account_app.command("deposit")
def account_deposit(
    amount: Annotated[str, typer.Argument(help="Dollars, for example 10 or 3.15.")],
    reference: Annotated[str, typer.Option("--reference", help="The payment's own id: the same one is taken once.")],
    inmate: Inmate = None,
    number: Number = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Take a payment into an account."""
    micros = _micros(amount)
    with opened(config) as (settings, store):
        account = _account(store, facility or settings.facility, inmate, number)
        balance = store.deposit(account, micros, reference, actor=actor())
    answer({"account": account, "balance_micros": balance}, as_json, lambda: f"{account} now holds {dollars(balance)}.")


@account_app.command("balance")
def account_balance(
    inmate: Inmate = None,
    number: Number = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show what an account holds."""
    with opened(config) as (settings, store):
        account = _account(store, facility or settings.facility, inmate, number)
        balance = store.balance_micros(account)
    answer({"account": account, "balance_micros": balance}, as_json, lambda: f"{account} holds {dollars(balance)}.")


def _account(store: Store, facility: str, inmate: str | None, number: str | None) -> str:
    if (inmate is None) == (number is None):
        raise UsageError("name one account: --inmate INMATE or --number NUMBER")
    if inmate is not None:
        return debit_account(store.inmate(facility, inmate).id)
    try:
        return prepaid_account(telephone_number(number or ""))
    except ValueError as error:
        raise UsageError(f"--number: {error}") from error


def _micros(amount: str) -> int:
    whole, _, part = amount.removeprefix("$").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 9 and len(part) <= 6 and (part or "0").isdecimal()):
        raise UsageError(f"{amount!r} is not an amount of dollars; write for example 10 or 3.15")
    return int(whole) * MICROS_A_DOLLAR + int(part.ljust(6, "0"))
