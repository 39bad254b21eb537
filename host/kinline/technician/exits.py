"""What the exit code of `kinline tech` tells a script."""

from enum import IntEnum


class Exit(IntEnum):
    """Append-only: scripts rely on the numbers. 1 is a fault of the tool itself."""

    DONE = 0
    USAGE = 2  # asked for something that cannot be done
    PORT = 3  # the port is missing, busy, or not permitted
    SILENT = 4  # nothing at the port answers as a board does
    WRONG_BOARD = 5  # it answers, and is no board that this firmware is for
    BAD_IMAGE = 6  # an image or bundle was refused before anything was written
    NOT_WRITTEN = 7  # the flash does not hold what was to be written
    CONFLICT = 8  # identity: a station, device or key that belongs to another board
    HOST = 9  # the site's daemon or database did not take part
    TEST_FAILED = 10  # a self-test or a test call
    DECLINED = 11  # a person did not confirm
    INTERRUPTED = 130  # as shells have it for Ctrl-C


MEANINGS = {
    Exit.DONE: "done",
    Exit.USAGE: "the command asks for something that cannot be done",
    Exit.PORT: "the port is missing, busy, or not permitted",
    Exit.SILENT: "nothing at the port answers as a board does",
    Exit.WRONG_BOARD: "the board is not one that this firmware is for",
    Exit.BAD_IMAGE: "an image or bundle was refused before anything was written",
    Exit.NOT_WRITTEN: "the flash does not hold what was to be written",
    Exit.CONFLICT: "a station, device or key belongs to another board",
    Exit.HOST: "the site's daemon or database did not take part",
    Exit.TEST_FAILED: "a self-test or a test call failed",
    Exit.DECLINED: "a person did not confirm",
    Exit.INTERRUPTED: "interrupted",
}
