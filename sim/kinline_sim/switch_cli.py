"""`kinline-sim switch`: the simulated switch as a program of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from kinline_engine.sip import Digest, SipError
from kinline_sim import parties
from kinline_sim.phone import CallRecord
from kinline_sim.switch import Switch


def register(app: typer.Typer) -> None:
    """Add the switch's command to the simulator's command line."""
    app.command("switch")(switch)


def switch(
    bind: Annotated[str, typer.Option(help="Address and port for UDP and TCP.")] = "127.0.0.1:5080",
    script: Annotated[Path | None, typer.Option(help="Numbers and their parties, as TOML.")] = None,
    user: Annotated[str, typer.Option(help="Challenge callers: this name, and --password.")] = "",
    password: Annotated[str, typer.Option(envvar="KINLINE_SIM_SIP_PASSWORD")] = "",
    realm: Annotated[str, typer.Option(help="Realm of the challenge.")] = "kinline-sim",
    tls_dir: Annotated[Path | None, typer.Option(help="Folder with agent.pem and cafile.pem; adds TLS.")] = None,
    tls_port: Annotated[int, typer.Option(help="Port for TLS.")] = 5081,
    record: Annotated[Path | None, typer.Option(help="Keep what each called party heard and said here.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses what the parties say.")] = 0,
    verbose: Annotated[bool, typer.Option(help="Log the SIP stack.")] = False,
) -> None:
    """Run a SIP switch with scripted called parties until interrupted. Prints one JSON line a finished call."""
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, stream=sys.stderr)
    ip, _, port = bind.rpartition(":")
    if not ip or not port.isdigit():
        raise typer.BadParameter(f"{bind!r} is not address:port", param_hint="--bind")
    try:
        numbers, default = parties.load(script) if script else ({}, parties.Accept())
        board = Switch(
            ip.strip("[]"),
            int(port),
            numbers=numbers,
            default=default,
            digest=Digest(realm, user, password) if user else None,
            tls_dir=tls_dir,
            tls_port=tls_port if tls_dir else 0,
            seed=seed,
        )
        asyncio.run(_serve(board, record))
    except (parties.ScriptError, SipError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


async def _serve(board: Switch, record: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with board:
        typer.echo(json.dumps({"listening": board.port, "tls": board.tls_port, "seed": board.seed}))
        sys.stdout.flush()
        reporting = asyncio.create_task(_report(board, record))
        await stop.wait()
        reporting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reporting


async def _report(board: Switch, record: Path | None) -> None:
    while True:
        call = await board.finished()
        folder = await asyncio.to_thread(call.save, record) if record else None
        typer.echo(json.dumps(_summary(call, folder)))
        sys.stdout.flush()


def _summary(call: CallRecord, folder: Path | None) -> dict[str, object]:
    talked = (call.ended_ns - call.answered_ns) / 1e9 if call.answered_ns and call.ended_ns else 0.0
    return {
        "number": call.number,
        "party": call.party,
        "from": call.from_uri,
        "answered_seconds": round(talked, 3),
        "ended_by": call.ended.by.name.lower() if call.ended else None,
        "digits_sent": [digit for _, digit in call.digits_sent],
        "digits_received": [digit for _, digit in call.digits_received],
        "failure": call.failure,
        "folder": str(folder) if folder else None,
    }
