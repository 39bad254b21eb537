"""What the command consists of, and the modules that do it imported no sooner than it is called.

Help and the shell's completion ask a group for the name and the line of help of each of its parts; both stand here,
where the part is declared. Its module is imported when its own arguments are to be parsed: for a call, for its own
help, for the completion of what follows its name. So nobody waits for a library that their verb does not need, and the
modules of verbs import at their top what they use, like any other.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

Load = Callable[[], typer.Typer | Callable[..., None]]


class Later(TyperCommand):
    """A verb (a function that Typer reads) or a group (a Typer), which `load` imports. Its help is this, whole."""

    def __init__(self, name: str, help: str, load: Load) -> None:
        super().__init__(name, help=help)
        self._load = load

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the real one: whoever parses, invokes or completes goes on with its `command`."""
        return self.real().make_context(info_name, args, parent, **extra)

    def real(self) -> TyperCommand | TyperGroup:
        """The verb or the group itself, imported now."""
        found = self._load()
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.help = self.help
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, help=self.help)(found)
        verb = get_command(alone)
        assert isinstance(verb, TyperCommand)
        return verb


def at(module: str, name: str) -> Load:
    """What has this name in a module of `kinline`."""
    return lambda: getattr(import_module(f"kinline.{module}"), name)


def calling(module: str, name: str) -> Callable[..., Any]:
    """A function that calls the one of this name in a module of `kinline`: for what only the deed itself needs, and its
    own help does not, as a database or what makes sound.
    """
    return lambda *given, **named: getattr(import_module(f"kinline.{module}"), name)(*given, **named)


def consisting_of(*parts: Later) -> type[TyperGroup]:
    """The class of a group that has these parts, for `typer.Typer(cls=...)`."""

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for part in parts:
                self.add_command(part)

    return Group
