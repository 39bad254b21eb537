"""The `kinline` command."""

from kinline.cli.main import app, main

__all__ = ["app", "main"]
