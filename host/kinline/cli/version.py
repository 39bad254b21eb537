"""`kinline --version`."""

from importlib.metadata import version

import typer


def tell() -> None:
    """Say it, and nothing else."""
    typer.echo(f"kinline {version('kinline')}")
    raise typer.Exit
