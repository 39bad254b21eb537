"""`rules check`: a profile looked over before it serves."""

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kinline.cli.later import calling
from kinline.cli.options import Json
from kinline.cli.output import UsageError, answer, out
from kinline.rules.caps import Service

if TYPE_CHECKING:
    from kinline.rulecheck import Report

_check_profile = calling("rulecheck", "check_profile")


class FacilityKinds(StrEnum):
    PRISON = "prison"
    JAIL = "jail"
    DETENTION = "detention"
    JUVENILE = "juvenile"


def rules_check(
    target: Annotated[str, typer.Argument(metavar="FILE", help="A profile's file, or the name of one that comes with Kinline.")],
    kind: Annotated[FacilityKinds | None, typer.Option("--facility-kind", help="For the price caps: which kind.")] = None,
    population: Annotated[int | None, typer.Option(min=0, help="For the price caps: average daily population.")] = None,
    state: Annotated[str | None, typer.Option(metavar="XX", help="For the price caps: the state's two letters.")] = None,
    at: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day it goes into service; today if left out.")] = None,
    profiles: Annotated[Path | None, typer.Option("--profiles", help="A folder of the site's own.", file_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Say every error of a profile with its line and column, and where its prices break a legal cap.

    Exit code 0: in order; 1: errors; 2: there is no such profile, or it cannot be read.
    """
    service = Service(
        day=_day(at) if at else date.today(),
        kind=kind.value if kind else None,
        population=population,
        state=state.upper() if state else None,
    )
    asked = any(value is not None for value in (kind, population, state, at))
    report = _check_profile(target, service, in_service=asked, folder=profiles)
    findings = [asdict(finding) for finding in report.findings]
    data = {"profile": report.name, "in_order": report.in_order, "files": report.files, "findings": findings}
    answer(data, as_json, lambda: out.print(_findings(report), soft_wrap=True))
    if not report.in_order:
        raise typer.Exit(1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text}: not a day; write it as 2026-04-06") from error


def _findings(report: "Report") -> Text:
    lines = Text()
    for item in report.findings:
        lines.append(f"{item.file}:{item.line}:{item.column}: ")
        lines.append(item.level, style="bold red" if item.level == "error" else "bold")
        lines.append(f": {item.key}: {item.text}\n" if item.key else f": {item.text}\n")
    count = sum(item.level == "error" for item in report.findings)
    verdict = "in order" if report.in_order else f"{count} error{'' if count == 1 else 's'}"
    return lines.append(f"{report.name}: {verdict}.")
