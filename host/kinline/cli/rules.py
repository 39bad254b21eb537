"""The calling rules, tried out by hand."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from kinline.cli.output import Json, UsageError, answer
from kinline.profiles import load_profile, profile_names
from kinline.rules import Allow, Decision, decide, decision_json, read_scenario
from kinline.rules.scenario import ScenarioError

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
