"""A process of simulated handsets on one processor, moved by words through a pipe."""

import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random

from kinline_sim.board import Board
from tests.perf.finger import press
from tests.perf.machine import many_files


@dataclass(frozen=True, slots=True)
class Add:
    """One more handset, on hook; answered with its port and the process id of its VM."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Take the newest handset off hook; answered when done."""


@dataclass(frozen=True, slots=True)
class Press:
    """So many presses, on the handsets in turn; answered with (handset, monotonic ns of the first touch) of each."""

    times: int


def run(pipe: Connection, key: bytes, processor: int) -> None:
    """Target of a process; ends when the pipe does."""
    os.sched_setaffinity(0, {processor})
    many_files()
    random = Random(5)
    turn, keys = itertools.count(), itertools.cycle("1234567890")
    with contextlib.ExitStack() as stack, contextlib.suppress(EOFError, BrokenPipeError):
        boards: list[Board] = []
        while True:
            match pipe.recv():
                case Add():
                    board = stack.enter_context(Board(device=f"crowd-{len(boards)}", key=key, seed=len(boards)))
                    boards.append(board)
                    while board.vm.pid is None:  # its supervisor is about to start it
                        time.sleep(0.001)
                    pipe.send((board.path, board.vm.pid))
                case Lift():
                    boards[-1].lift().wait(30)
                    pipe.send(None)
                case Press(times):
                    chosen = [next(turn) % len(boards) for _ in range(times)]
                    pipe.send([(index, press(boards[index].world, next(keys), random)) for index in chosen])
