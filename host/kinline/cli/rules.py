"""The calling rules, tried out by hand."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from kinline.cli.options import Json
from kinline.cli.output import UsageError, answer, table
from kinline.cli.rulecheck import rules_check
from kinline.profiles import load_profile, profile_names
from kinline.rules import Allow, CallRequest, Decision, Profile, decide, decision_json, read_scenario
from kinline.rules.calendar import Opening, calendar, calendar_json
from kinline.rules.explain import explain, explanation_json, in_words
from kinline.rules.model import Language
from kinline.rules.scenario import ScenarioError
from kinline.rules.words import RULE_NAMES, length_text

rules_app = typer.Typer(no_args_is_help=True)
rules_app.command("check")(rules_check)

Scenario = Annotated[str, typer.Argument(metavar="FILE", help="A scenario in JSON, or - for standard input.")]
Profiles = Annotated[Path | None, typer.Option("--profiles", help="A folder of the site's own profiles.", file_okay=False)]
Spoken = Annotated[Language, typer.Option("--language", "-l", help="The language of what is told.")]

_MOST_DAYS = 366


@rules_app.command("decide")
def rules_decide(scenario: Scenario, profiles: Profiles = None, as_json: Json = False) -> None:
    """Decide one attempt."""
    source, request, profile = _read(scenario, profiles)
    try:
        decision = decide(request, profile)
    except ValueError as error:
        raise ScenarioError(f"{source}: {error}") from error
    answer(decision_json(decision), as_json, lambda: _in_words(decision))


@rules_app.command("explain")
def rules_explain(scenario: Scenario, profiles: Profiles = None, language: Spoken = "en", as_json: Json = False) -> None:
    """Decide one attempt, and say what every rule had to do with it."""
    source, request, profile = _read(scenario, profiles)
    try:
        explanation = explain(request, profile)
    except ValueError as error:
        raise ScenarioError(f"{source}: {error}") from error
    answer(explanation_json(explanation), as_json, lambda: Text("\n").join(map(Text, in_words(explanation, language))))


@rules_app.command("calendar")
def rules_calendar(
    scenario: Scenario,
    profiles: Profiles = None,
    days: Annotated[int, typer.Option("--days", min=1, max=_MOST_DAYS, help="How many days, today being the first.")] = 7,
    language: Spoken = "en",
    as_json: Json = False,
) -> None:
    """List when this inmate may call this number in the coming days."""
    source, request, profile = _read(scenario, profiles)
    try:
        openings = calendar(request, profile, days)
    except ValueError as error:
        raise ScenarioError(f"{source}: {error}") from error
    answer(calendar_json(openings), as_json, lambda: _openings(openings, days, language))


@rules_app.command("profiles")
def rules_profiles(as_json: Json = False) -> None:
    """List the profiles that come with Kinline."""
    data = {name: load_profile(name).title for name in profile_names()}
    answer(data, as_json, lambda: "\n".join(f"{name:16} {title}" for name, title in data.items()))


def _read(scenario: str, profiles: Path | None) -> tuple[str, CallRequest, Profile]:
    """The scenario's source as it is told, its attempt, and its profile."""
    try:
        text = sys.stdin.buffer.read() if scenario == "-" else Path(scenario).read_bytes()
    except OSError as error:
        raise UsageError(f"{scenario}: cannot be read: {error.strerror}; name a scenario file, or -") from error
    source = "standard input" if scenario == "-" else scenario
    name, request = read_scenario(text, source)
    return source, request, load_profile(name, profiles)


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


_CALENDAR_COLUMNS = {"en": ("from", "until", "#longest call", "limited by"), "es": ("desde", "hasta", "#duración", "límite")}
_NO_OPENING = {
    "en": "No call is possible in the coming {days} days. `kinline rules explain` says why.",
    "es": "No hay llamada posible en los próximos {days} días. `kinline rules explain` dice por qué.",
}


def _openings(openings: list[Opening], days: int, language: str) -> Table | str:
    rows = [
        (
            f"{opening.start:%Y-%m-%d %H:%M:%S}",
            f"{opening.until:%Y-%m-%d %H:%M:%S}",
            length_text(opening.max_seconds),
            RULE_NAMES[opening.limited_by][language],
        )
        for opening in openings
    ]
    return table(_CALENDAR_COLUMNS[language], rows, _NO_OPENING[language].format(days=days))
