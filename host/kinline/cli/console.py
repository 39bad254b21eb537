"""Serving the API, and its document."""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

import typer

from kinline import config as settings_file
from kinline.cli.later import calling
from kinline.cli.options import DEFAULT_CONFIG, Config, Json
from kinline.cli.output import UsageError

_serve = calling("console.serve", "serve")
_document = calling("console.app", "document")

api_app = typer.Typer(no_args_is_help=True)


def console(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Where it listens; 0 is any free port.")] = 8080,
    bind: Annotated[
        str, typer.Option("--bind", help="The address; what is not loopback belongs behind a proxy that speaks TLS.")
    ] = "127.0.0.1",
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", min=1, max=65535, help="Where Prometheus may ask for counters; off without.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Serve the API under /api until told to stop."""
    _serve(settings_file.load(config), _address(bind), port, metrics_port)


@api_app.command("document")
def api_document(as_json: Json = True) -> None:
    """Print the OpenAPI document, as /openapi.json has it."""
    print(json.dumps(_document(), ensure_ascii=False, indent=2))


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise UsageError(f"--bind: {text!r} is not an IP address; write for example 127.0.0.1") from error
