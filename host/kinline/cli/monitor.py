"""Listening to a talk, speaking into it, cutting it: through the running daemon's own socket."""

import struct
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.later import calling
from kinline.cli.options import DEFAULT_CONFIG, As, Config, Json
from kinline.cli.output import answer, table
from kinline.cli.player import player, sink
from kinline.cli.running import asked
from kinline.cli.site import at_desk
from kinline.live.client import Connection
from kinline.live.protocol import RATE

_read_wav = calling("prompts.sound", "read_wav")

monitor_app = typer.Typer(no_args_is_help=True)

Handset = Annotated[str, typer.Argument(metavar="HANDSET", help="The handset's id, as `kinline handset list` shows it.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write a WAV file instead (- for standard output).")]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Stop after so much sound.", min=0.02)]
_BYTES_A_SECOND = RATE * 4
_ENDLESS = 0x7FFFFFFF  # what a WAV says of its length where nobody knows it yet


@monitor_app.command("calls")
def calls(config: Config = DEFAULT_CONFIG, acting: As = None, as_json: Json = False) -> None:
    """List the calls that are on, and which of them can be heard."""
    with at_desk(config, acting) as desk, asked(desk, "calls") as connection:
        found = connection.reply.calls or []
    rows = [(line.handset, line.call, line.phase, line.monitored) for line in found]
    columns = ("handset", "#call", "phase", "can be heard")
    answer([line.model_dump() for line in found], as_json, lambda: table(columns, rows, "No call is on."))


@monitor_app.command("listen")
def listen(
    handset: Handset, target: Out = None, seconds: Seconds = None, config: Config = DEFAULT_CONFIG, acting: As = None
) -> None:
    """Hear both parties, the caller left, the called party right; neither hears that somebody listens."""
    if target is None:
        player()
    with at_desk(config, acting) as desk, asked(desk, "listen", handset) as connection:
        _write(connection, target, seconds)


@monitor_app.command("barge")
def barge(
    handset: Handset,
    speech: Annotated[Path, typer.Option("--say", help="What is said to both: a mono WAV of 16 bits.", exists=True)],
    target: Out = None,
    seconds: Seconds = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
) -> None:
    """Speak to both parties over their talk, and hear what they say; the facility's profile says whether it is announced."""
    said = _read_wav(speech)
    length = len(said) / RATE
    with at_desk(config, acting) as desk, asked(desk, "barge", handset) as connection:
        speaker = threading.Thread(target=_speak, args=(connection, said.astype("<i2").tobytes()), daemon=True)
        speaker.start()
        # A notice of four seconds may come first.
        _write(connection, target or Path("/dev/null"), seconds or length + 5.0)
    typer.echo(f"Said {length:.1f} s to both parties of call {connection.reply.call}.", err=True)


@monitor_app.command("cut")
def cut(
    handset: Handset,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the audit log.")],
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """End the call at a handset at once. To keep it from calling again: kinline restriction add."""
    with at_desk(config, acting) as desk, asked(desk, "cut", handset, reason) as connection:
        call = connection.reply.call
    answer({"handset": handset, "call": call}, as_json, lambda: f"Call {call} at {handset} is cut.")


def _speak(connection: Connection, samples: bytes) -> None:
    try:
        connection.say(samples)
    except OSError:
        return  # the call is over; whoever listens is told


def _write(connection: Connection, target: Path | None, seconds: float | None) -> None:
    heard = _first(connection.sound(), seconds)
    if target is None or str(target) in ("-", "/dev/null"):
        with sink(target) if target is None or str(target) == "-" else target.open("wb") as out:
            form = struct.pack("<HHIIHH", 1, 2, RATE, _BYTES_A_SECOND, 4, 16)
            out.write(struct.pack("<4sI8sI16s4sI", b"RIFF", _ENDLESS, b"WAVEfmt ", 16, form, b"data", _ENDLESS - 36))
            for piece in heard:
                out.write(piece)
                out.flush()
        return
    with sink(target) as file, wave.open(file, "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        for piece in heard:
            wav.writeframesraw(piece)


def _first(pieces: Iterator[bytes], seconds: float | None) -> Iterator[bytes]:
    if seconds is None:
        yield from pieces
        return
    left = round(seconds * RATE) * 4
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
