"""Prompts, tried out by hand."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.later import calling
from kinline.cli.options import DEFAULT_CONFIG, Config, Json
from kinline.cli.output import UsageError, answer
from kinline.config import load
from kinline.rules.model import Language

_prompter = calling("prompts", "Prompter")
_catalogue = calling("prompts", "catalogue")

prompts_app = typer.Typer(no_args_is_help=True)


@prompts_app.command("render")
def prompts_render(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Make the sound of every fixed prompt, so that the first call does not wait."""
    storage = load(config).storage
    made = _prompter(storage.prompts_cache_dir, storage.site_prompts_dir).warm()
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
    storage = load(config).storage
    prompter = _prompter(storage.prompts_cache_dir, storage.site_prompts_dir)
    known = text in _catalogue()
    sound = prompter.wav(text, language) if known else prompter.say(text, language)
    try:
        shutil.copyfile(sound, target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}; name another file") from error
    answer({"file": target, "prompt": text if known else None}, as_json, lambda: f"Wrote {target}.")
