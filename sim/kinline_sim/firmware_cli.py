"""`kinline-sim firmware`: what `make firmware` does."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from kinline_sim import esp_image
from kinline_sim.bundle import Signer, SigningKeyError, pack, partition_files
from kinline_sim.compiled import FIRMWARE, CompileError, firmware, release_of
from kinline_sim.flash import partition

_ROOT = FIRMWARE.parent


class StockError(ValueError):
    """Not the MicroPython that this firmware is built for; the text says where to get it."""


def build(
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = _ROOT / "build/firmware",
    key: Annotated[Path | None, typer.Option(help="Sign with this Ed25519 key, not with the development key.")] = None,
    micropython: Annotated[Path | None, typer.Option(help="Check this file to be the stock MicroPython for the board.")] = None,
    source: Annotated[Path, typer.Option(help="The firmware's source.")] = FIRMWARE,
) -> None:
    """Compile the firmware, sign it, and lay out the file system of a board that has none."""
    try:
        signer = Signer.load(key) if key else Signer.development()
        built = firmware(source)
        bundle = pack(built, signer)
        stock = release_of(source)["micropython"]
        told = _stock(micropython, stock)
    except (CompileError, SigningKeyError, StockError) as error:
        typer.echo(f"kinline-sim firmware: {error}", err=True)
        raise typer.Exit(1) from error
    out.mkdir(parents=True, exist_ok=True)
    file, image = out / f"kinline-handset-{built.name}.bundle", out / f"kinline-handset-{built.name}.littlefs"
    file.write_bytes(bundle)
    image.write_bytes(partition(partition_files(bundle, signer.public)))
    (out / "signer.txt").write_text(signer.public.hex() + "\n")
    size = sum(map(len, built.application.values()))
    typer.echo(
        f"{file}: firmware {built.name}, link {built.link['major']}.{built.link['minor']}, {len(bundle):,} bytes, "
        f"{size:,} of them application"
    )
    typer.echo(f"{image}: file system for a board without one; identity is not in it")
    typer.echo(f"signed by {signer.public.hex()}" + ("" if key else ", this copy's development key: not for a wall"))
    typer.echo(told)


def stand_in(out: Annotated[Path, typer.Argument(help="The image to write.", dir_okay=False)]) -> None:
    """Write what the simulated chip takes for MicroPython: the headers that it boots by, no code."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(esp_image.whole())
    typer.echo(f"{out}: a stand-in for simulated chips; a real one does not start it")


def _stock(named: Path | None, stock: dict[str, Any]) -> str:
    file = named or _ROOT / stock["path"]
    advice = f"get {stock['name']} from {stock['page']}"
    if not file.exists():
        if named:
            raise StockError(f"{named} does not exist: {advice}")
        return f"runs on stock MicroPython {stock['version']}: {advice}, and put it at {stock['path']} or name it"
    content = file.read_bytes()
    if sha256(content).hexdigest() != stock["sha256"]:
        what = f"{len(content):,} bytes, {stock['bytes']:,} expected" if len(content) != stock["bytes"] else "its hash differs"
        raise StockError(f"{file} is not {stock['name']} ({what}): {advice}")
    return f"{file}: stock MicroPython {stock['version']}, as it must be"
