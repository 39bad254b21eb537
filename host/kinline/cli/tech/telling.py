"""How every technician's verb tells its progress, its success and its one trouble."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kinline.cli.output import answer
from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

Advance = Callable[[int, int], None]  # done so far, of how many


class Teller:
    """JSON: {"verb", "ok": true, "data", "next"}, or {"verb", "ok": false, "trouble", "what", "next", "data"}."""

    def __init__(self, verb: str, as_json: bool) -> None:
        self.verb = verb
        self.as_json = as_json

    @contextmanager
    def bar(self, what: str) -> Iterator[Advance]:
        """A progress bar on the terminal; nothing in JSON, in a pipe or in a file."""
        console = Console(stderr=True)
        if self.as_json or not console.is_terminal:
            yield lambda done, total: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def done(self, data: Any, for_people: Callable[[], object], next_step: str | None = None) -> None:
        """The verb's answer, and the verb that usually follows."""
        answer({"verb": self.verb, "ok": True, "data": data, "next": next_step}, self.as_json, for_people)
        if next_step and not self.as_json:
            print(f"Next: {next_step}")

    def failed(self, trouble: Trouble, data: Any = None) -> None:
        if self.as_json:
            told = {"verb": self.verb, "ok": False, "trouble": trouble.code, "what": trouble.what, "next": trouble.next_step}
            answer(told | ({} if data is None else {"data": data}), True, lambda: None)
        else:
            print(f"kinline tech {self.verb}: {trouble.what}\nNext: {trouble.next_step}", file=sys.stderr)


@contextmanager
def verb(name: str, as_json: bool) -> Iterator[Teller]:
    """Around the body of a verb: a Trouble is told, and becomes its exit code."""
    teller = Teller(name, as_json)
    try:
        yield teller
    except Trouble as trouble:
        teller.failed(trouble)
        raise typer.Exit(trouble.exit) from None
    except KeyboardInterrupt:
        step = "run the same command again; it goes on where it stopped"
        teller.failed(Trouble("interrupted", "interrupted", step, Exit.INTERRUPTED))
        raise typer.Exit(Exit.INTERRUPTED) from None
