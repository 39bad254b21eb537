"""Prompts and rules, tried out by hand.

What makes sound is imported where it is used: numpy would double the time that every other command takes to start.
"""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from kinline.cli.output import Json, UsageError, answer
from kinline.cli.site import DEFAULT_CONFIG, Config
from kinline.config import load
from kinline.profiles import load_profile, profile_names
from kinline.rules import Allow, Decision, decide, decision_json, read_scenario
from kinline.rules.model import Language
from kinline.rules.scenario import ScenarioError

prompts_app = typer.Typer(no_args_is_help=True, help="What is heard at the handset and by the called party.")
rules_app = typer.Typer(no_args_is_help=True, help="The calling rules, tried out.")


@prompts_app.command("render")
def prompts_render(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Make the sound of every fixed prompt, so that the first call does not wait."""
    from kinline.prompts import Prompter

    storage = load(config).storage
    made = Prompter(storage.prompts_cache_dir, storage.site_prompts_dir).warm()
    data = {"prompts": made, "folder": storage.prompts_cache_dir}
    answer(data, as_json, lambda: f"{made} prompts are ready in {storage.prompts_cache_dir}.")


@prompts_app.command("say")
def prompts_say(
    text: Annotated[str, typer.Argument(help="A prompt's id, or free text.")],
    target: Annotated[Path, typer.Option("--out", "-o", help="The WAV file to write.")],
    language: Annotated[Language, typer.Option("--language", "-l")] = "en",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write one prompt, or any text, as a WAV file."""
    from kinline.prompts import Prompter, catalogue

    storage = load(config).storage
    prompter = Prompter(storage.prompts_cache_dir, storage.site_prompts_dir)
    known = text in catalogue()
    sound = prompter.wav(text, language) if known else prompter.say(text, language)
    try:
        shutil.copyfile(sound, target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}; name another file") from error
    answer({"file": target, "prompt": text if known else None}, as_json, lambda: f"Wrote {target}.")


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
