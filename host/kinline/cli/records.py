"""Call records and the audit log."""

from typing import Annotated

import typer
from rich.table import Table

from kinline.cli.output import Json, answer, dollars, moment, table
from kinline.cli.site import DEFAULT_CONFIG, Config, opened
from kinline.store import CallInfo

calls_app = typer.Typer(no_args_is_help=True, help="Call records: one for every attempt.")
audit_app = typer.Typer(no_args_is_help=True, help="The log of what staff did.")


@calls_app.command("list")
def calls_list(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the newest first.")] = 20,
    open_only: Annotated[bool, typer.Option("--open", help="Only calls that are on now.", show_default=False)] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List call records."""
    with opened(config) as (_, store):
        infos = store.calls(limit, open_only=open_only)
    columns = ("#call", "started", "handset", "inmate", "number", "outcome", "ended by", "#talk", "#charged")
    rows = [
        (
            i.id,
            i.started_at,
            i.handset,
            i.inmate,
            i.number,
            _outcome(i),
            _words(i.ended_by),
            _clock(i.talk_seconds),
            dollars(i.charged_micros),
        )
        for i in infos
    ]
    empty = "No call is on." if open_only else "No call yet."
    answer(infos, as_json, lambda: table(columns, rows, empty))


@calls_app.command("show")
def calls_show(
    call: Annotated[int, typer.Argument(metavar="CALL", help="The record's number.")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show one record in full."""
    with opened(config) as (_, store):
        info = store.call(call)
    answer(info, as_json, lambda: _sheet(info))


@audit_app.command("verify")
def audit_verify(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Recompute the audit log's chain; exit code 1 if a row was changed or removed."""
    with opened(config) as (_, store):
        report = store.verify_audit()
    whole = report.broken_at is None
    text = f"{report.rows} rows, the chain is whole." if whole else f"The chain breaks at row {report.broken_at}."
    answer({"rows": report.rows, "whole": whole, "broken_at": report.broken_at}, as_json, lambda: text)
    if not whole:
        raise typer.Exit(1)


def _sheet(info: CallInfo) -> Table:
    sheet = Table.grid(padding=(0, 2))
    sheet.add_column(style="bold")
    sheet.add_column()
    price = f"{dollars(info.rate_micros_per_minute)} a minute, {info.billing}" if info.billing else None
    limit = f"{_clock(info.limit_seconds)} by {_words(info.limited_by)}" if info.limited_by else None
    lines = {
        "call": info.id,
        "handset": info.handset,
        "inmate": info.inmate,
        "number": info.number,
        "started": moment(info.started_at),
        "accepted": moment(info.accepted_at),
        "ended": moment(info.ended_at) if info.ended_at else "still on",
        "outcome": _outcome(info),
        "ended by": _words(info.ended_by),
        "limit": limit,
        "talk": _clock(info.talk_seconds),
        "price": price,
        "charged": dollars(info.charged_micros),
        "recorded": "yes" if info.recorded else "no",
        "recording": info.recording,
        "cause": info.cause,
    }
    for name, value in lines.items():
        if value not in (None, ""):
            sheet.add_row(name, str(value))
    return sheet


def _outcome(info: CallInfo) -> str:
    return f"denied: {_words(info.deny_rule)}" if info.deny_rule else _words(info.outcome) or "on now"


def _words(text: str | None) -> str:
    return (text or "").replace("_", " ")


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
