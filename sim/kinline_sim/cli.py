"""`kinline-sim`: simulated handsets and the simulated switch from the command line."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from kinline_sim import firmware_cli, switch_cli
from kinline_sim.board import Board
from kinline_sim.chip_faults import CHIP_FAULTS, chip_faults
from kinline_sim.contacts import position
from kinline_sim.flash import IdentityError, build_flash, parse_key, read_device_file
from kinline_sim.machines import CHOICES, VmError

_STANDARD_INPUT = 0
_EAR_S = 3600.0  # 115 MB

app = typer.Typer(no_args_is_help=True, help=__doc__)
flash_app = typer.Typer(no_args_is_help=True, help="Flash images.")
app.add_typer(flash_app, name="flash")
app.command("firmware")(firmware_cli.build)
app.command("micropython")(firmware_cli.stand_in)
switch_cli.register(app)


@flash_app.command("build")
def flash_build(
    out: Annotated[Path, typer.Argument(help="The image to write, 8 MB.")],
    device_file: Annotated[Path | None, typer.Option(help="The file that enrolling the handset wrote.")] = None,
    device: Annotated[str, typer.Option(help="Without such a file: device id, 1 to 32 bytes.")] = "",
    key: Annotated[str, typer.Option(help="And its key, 32 hex digits.", envvar="KINLINE_DEVICE_KEY")] = "",
    bundle: Annotated[Path | None, typer.Option(help="The firmware's bundle; else it is compiled.", exists=True)] = None,
) -> None:
    """Put the firmware and one handset's identity into a flash image."""
    try:
        device, secret = read_device_file(device_file) if device_file else (device, parse_key(key))
        build = build_flash(out, device, secret, bundle=bundle.read_bytes() if bundle else None)
    except IdentityError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{out}: build {build} for {device}")


@app.command("board")
def board(
    flash: Annotated[Path, typer.Option(help="Its flash; a blank one is made if there is none.", dir_okay=False)],
    pty: Annotated[Path | None, typer.Option(help="Where to put a link to the board's serial port.")] = None,
    rfc2217: Annotated[
        int | None, typer.Option(help="In place of a pty: the TCP port of an RFC 2217 server with EN and BOOT; 0 for any.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Chooses how contacts bounce; printed if not given.")] = None,
    keys: Annotated[
        str, typer.Option(help="Keys to press, L lifts, H hangs up, comma waits 1 s, others above; - for what is typed.")
    ] = "",
    speak: Annotated[Path | None, typer.Option(help="Mono WAV said into the microphone.", exists=True)] = None,
    ear: Annotated[
        Path | None, typer.Option(help="Keep the last hour of what reached the ear in this WAV, written at the end.")
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(help=f"What is wrong with the chip: {CHIP_FAULTS}.")] = None,
    vm: Annotated[str, typer.Option(help=f"Which MicroPython: {', '.join(CHOICES)}.", envvar="KINLINE_VM")] = "auto",
) -> None:
    """Run one board until interrupted.

    The hand also: O opens the lid, C shuts it; X pulls the cord, Z shorts it, V plugs it in; M holds a magnet to the
    cradle, N takes it away; U cups ear and mouth, W lets go.
    """
    try:
        steps: Iterable[str] = [_step(key) for key in keys if keys != "-"]
        if (pty is None) == (rfc2217 is None):
            raise ValueError("name --pty PATH or --rfc2217 PORT")
        blank = not flash.exists()
        handset = Board(
            flash=flash,
            link=pty,
            seed=seed,
            vm=vm,
            chip=chip_faults(fault or []),
            rfc2217=rfc2217,
            remember_s=_EAR_S if ear else 0,  # it may run for weeks
        )
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with handset:
            typer.echo(f"{f'{pty} -> ' if pty else ''}{handset.path}, seed {handset.seed}{', a blank chip' if blank else ''}")
            typer.echo(f"firmware on {handset.machine.name} ({handset.machine.why})")
            if speak:
                handset.speak(speak)
            _perform(handset, _typed(stop) if keys == "-" else steps, stop)
            told = False
            while not stop.wait(0.2):
                # The chip goes on: the technician may put another firmware into it.
                if handset.vm.failure and not told:
                    typer.echo(f"{handset.vm.failure}:\n{handset.console}", err=True)
                told = handset.vm.failure is not None
            if ear:
                handset.world.codec.save_heard(ear)
    except (VmError, ValueError) as error:
        typer.echo(f"kinline-sim board: {error}", err=True)
        raise typer.Exit(1) from error


# What a hand does beside lifting and pressing: by letters that are on no key.
_DEEDS: dict[str, tuple[str, Callable[[Board], None]]] = {
    "O": ("opens the lid", lambda board: board.open_lid()),
    "C": ("shuts the lid", lambda board: board.shut_lid()),
    "X": ("pulls the cord", lambda board: board.wires("cord", "cut")),
    "Z": ("shorts the cord", lambda board: board.wires("cord", "short")),
    "V": ("plugs the cord in", lambda board: board.wires("cord", "whole")),
    "M": ("holds a magnet there", lambda board: board.magnet(600)),
    "N": ("takes it away", lambda board: board.magnet(0)),
    "U": ("cups ear and mouth", lambda board: board.cup(0.3)),
    "W": ("lets go of them", lambda board: board.cup(0.0)),
}


def _step(key: str) -> str:
    if key not in "LH," and key not in _DEEDS:
        position(key)
    return key


def _typed(stop: threading.Event) -> Iterator[str]:
    """The gestures of standard input as they come; what is none is told and passed over."""
    while not stop.is_set():
        # Not through sys.stdin: what its buffer holds, select does not see.
        if not select.select([_STANDARD_INPUT], [], [], 0.2)[0]:
            continue
        text = os.read(_STANDARD_INPUT, 1024).decode(errors="replace")
        if not text:
            return
        for key in "".join(text.split()):
            try:
                yield _step(key)
            except ValueError as error:
                typer.echo(str(error), err=True)


def _perform(handset: Board, steps: Iterable[str], stop: threading.Event) -> None:
    # The firmware is up well within this; a hand is not faster either.
    waited_until = time.monotonic() + 0.5
    for step in steps:
        stop.wait(max(0.0, waited_until - time.monotonic()))
        if stop.is_set():
            return
        if step == "L":
            handset.lift().wait()
        elif step == "H":
            handset.hang_up().wait()
        elif step in _DEEDS:
            _DEEDS[step][1](handset)
        elif step == ",":
            waited_until = time.monotonic() + 1
        else:
            handset.press(step).wait()


def main() -> None:
    app()


if __name__ == "__main__":
    main()
