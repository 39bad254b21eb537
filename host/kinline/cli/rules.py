"""The calling rules, tried out by hand."""

import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kinline.cli.output import Json, UsageError, answer, out
from kinline.profiles import load_profile, profile_names
from kinline.rules import Allow, Decision, decide, decision_json, read_scenario
from kinline.rules.scenario import ScenarioError

if TYPE_CHECKING:
    from kinline.rulecheck import Report

rules_app = typer.Typer(no_args_is_help=True, help="The calling rules, tried out.")


@rules_app.command("decide")
def rules_decide(
    scenario: Annotated[str, typer.Argument(metavar="FILE", help="A scenario in JSON, or - for standard input.")],
    profiles: Annotated[
        Path | None, typer.Option("--profiles", help="A folder of the site's own profiles.", file_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide one attempt."""
    try:
        text = sys.stdin.buffer.read() if scenario == "-" else Path(scenario).read_bytes()
    except OSError as error:
        raise UsageError(f"{scenario}: cannot be read: {error.strerror}; name a scenario file, or -") from error
    source = "standard input" if scenario == "-" else scenario
    name, request = read_scenario(text, source)
    try:
        decision = decide(request, load_profile(name, profiles))
    except ValueError as error:
        raise ScenarioError(f"{source}: {error}") from error
    answer(decision_json(decision), as_json, lambda: _in_words(decision))


class FacilityKinds(StrEnum):
    PRISON = "prison"
    JAIL = "jail"
    DETENTION = "detention"
    JUVENILE = "juvenile"


@rules_app.command("check")
def rules_check(
    target: Annotated[str, typer.Argument(metavar="FILE", help="A profile's file, or the name of one that comes with Kinline.")],
    kind: Annotated[FacilityKinds | None, typer.Option("--facility-kind", help="For the price caps: which kind.")] = None,
    population: Annotated[int | None, typer.Option(min=0, help="For the price caps: average daily population.")] = None,
    state: Annotated[str | None, typer.Option(metavar="XX", help="For the price caps: the state's two letters.")] = None,
    at: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day it goes into service; today if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Say every error of a profile with its line and column, and where its prices break a legal cap.

    Exit code 0: in order; 1: errors; 2: there is no such profile, or it cannot be read.
    """
    # The grammar and the schema's library would slow down every other verb.
    from kinline.rulecheck import check_profile
    from kinline.rules.caps import Service

    service = Service(
        day=_day(at) if at else date.today(),
        kind=kind.value if kind else None,
        population=population,
        state=state.upper() if state else None,
    )
    asked = any(value is not None for value in (kind, population, state, at))
    report = check_profile(target, service, in_service=asked)
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


@rules_app.command("profiles")
def rules_profiles(as_json: Json = False) -> None:
    """List the profiles that come with Kinline."""
    data = {name: load_profile(name).title for name in profile_names()}
    answer(data, as_json, lambda: "\n".join(f"{name:12} {title}" for name, title in data.items()))


def _in_words(decision: Decision) -> Text:
    if not isinstance(decision, Allow):
        return Text.assemble(("Denied", "bold red"), f" by the rule {decision.rule}. {decision.text['en']}")
    minutes, seconds = divmod(decision.max_seconds, 60)
    recorded = "recorded" if decision.recorded else "not recorded"
    monitored = "monitored" if decision.monitored else "not monitored"
    limit = decision.limited_by.replace("_", " ")
    return Text.assemble(
        ("Allowed", "bold green"),
        f" for {minutes} min {seconds:02d} s, limited by {limit}; {recorded}, {monitored}; paid by {decision.billing}.",
    )
