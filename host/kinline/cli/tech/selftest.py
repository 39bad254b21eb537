"""`kinline tech selftest`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_SHEETS, Port, Sheets
from kinline.cli.tech.provision import DeviceFile
from kinline.cli.tech.telling import Teller, verb
from kinline.technician.identity import Identity
from kinline.technician.identity import device_file as identity_of
from kinline.technician.link import BoardLink
from kinline.technician.ports import held
from kinline.technician.selftest import line
from kinline.technician.selftest.bench import Bench, Hand
from kinline.technician.selftest.plan import Result, run
from kinline.technician.worksheet import Worksheet, sheets


def selftest(
    port: Port,
    device_file: DeviceFile,
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="How long the line's errors are counted.")] = line.SECONDS,
    hands: Annotated[bool, typer.Option(help="Without hands only what needs none: supply and line.")] = True,
    patience: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Seconds to wait for a hand.")] = 60.0,
    folder: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("selftest", as_json) as teller:
        identity = identity_of(device_file)
        results = _tested(port, identity, seconds, hands, patience, teller)
        data = [_as_json(result) for result in results]
        if (sheet := _sheet_of(folder, identity.device)) is not None:
            sheet.note("selftest", {"passed": all(r.trouble is None for r in results), "results": data})
        first = next((result.trouble for result in results if result.trouble), None)
        if first is None:
            teller.done(data, lambda: f"{identity.device}: {len(results)} checks passed", "kinline tech enroll")
            return
        teller.failed(first, data)
        raise typer.Exit(first.exit)


def _tested(port: str, identity: Identity, seconds: float, hands: bool, patience: float, teller: Teller) -> list[Result]:
    """Run the checks at the port, telling a person what to do and what was found."""
    people = Console(stderr=True, quiet=teller.as_json)

    def ask(hand: Hand) -> None:
        people.print(f"[bold]>>>[/bold] Please {hand.value}.")

    def key_seen(seen: str, count: int, of: int) -> None:
        people.print(f"    {seen}  {count} of {of}", markup=False)

    results: list[Result] = []
    with held(port, "selftest") as line_at:
        link = BoardLink(line_at, {identity.device: identity.key}.get)
        link.open()
        for result in run(Bench(link, ask, patience, key_seen), seconds, hands):
            results.append(result)
            people.print(_line(result), markup=False)
    return results


def _line(result: Result) -> str:
    return f"{'NO ' if result.trouble else 'ok '} {result.name}: {result.found}"


def _as_json(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {"name": result.name, "well": result.trouble is None, "what": result.found}
    return told if result.trouble is None else told | {"trouble": result.trouble.code, "next": result.trouble.next_step}


def _sheet_of(folder: Path, device: str) -> Worksheet | None:
    """The work sheet of the board that was provisioned as this device, if this laptop has it."""
    return next((sheet for sheet in sheets(folder) if sheet.fact("provision", "device") == device), None)
