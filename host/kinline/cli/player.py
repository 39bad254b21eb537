"""Sound out of a command: to standard output, into a file, or through a player that this machine has."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kinline.cli.output import UsageError

# Each reads a WAV from its standard input and plays it to the end, without a window.
_PLAYERS = (
    ("aplay", "-q", "-"),
    ("paplay", "/dev/stdin"),
    ("play", "-q", "-t", "wav", "-"),
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error", "-"),
)


def player() -> tuple[str, ...]:
    """The command of the first player that is here. Raises UsageError."""
    for command in _PLAYERS:
        if shutil.which(command[0]):
            return command
    raise UsageError("there is no player here; install alsa-utils, or write a file with --out FILE (- is standard output)")


@contextmanager
def sink(target: Path | None) -> Iterator[IO[bytes]]:
    """Where sound goes: a file, standard output ("-"), or a player. Raises UsageError if it cannot go there."""
    if target is not None:
        if str(target) == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        try:
            with target.open("xb") as out:
                yield out
        except OSError as error:
            raise UsageError(f"{target}: cannot be written: {error.strerror}; name another file") from error
        return
    command = player()
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            pass  # whoever listened has had enough, or the player says below why it could not
    if process.returncode not in (0, -2, 130):
        raise UsageError(f"{command[0]} failed; is there a loudspeaker? Or write a file with --out FILE")


def pour(sound: Iterable[bytes], target: Path | None) -> None:
    """All of it, as it comes."""
    with sink(target) as out:
        for piece in sound:
            out.write(piece)
