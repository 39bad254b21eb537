"""A NOR flash in a MicroPython VM's memory, and an update of the handset on it, for programs that try what may go wrong."""

import asyncio
import time

import vfs

BLOCK = 4096


class Flash:
    """NOR flash: erasing sets bits, programming clears them. Tells its writes to record; base holds what overlay lacks."""

    def __init__(self, base, record=None):
        self.base = base
        self.record = record
        self.overlay = {}

    def block(self, number, to_write=False):
        if number in self.overlay:
            return self.overlay[number]
        piece = memoryview(self.base)[number * BLOCK : (number + 1) * BLOCK]
        if not to_write or self.record is not None:
            return piece
        self.overlay[number] = bytearray(piece)
        return self.overlay[number]

    def readblocks(self, number, buffer, offset=0):
        buffer[:] = self.block(number)[offset : offset + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        if self.record is not None:
            self.record.append((number, offset, bytes(buffer)))
        program(self.block(number, True), offset, buffer)

    def ioctl(self, request, argument):
        if request == 4:
            return len(self.base) // BLOCK
        if request == 5:
            return BLOCK
        if request == 6:
            if self.record is not None:
                self.record.append((argument, 0, None))
            erase(self.block(argument, True), BLOCK)
        return 0


def program(block, offset, data):
    for index in range(len(data)):
        # Some bits may have been cleared before; none comes back.
        block[offset + index] &= data[index]


def erase(block, size):
    block[:size] = b"\xff" * size


def mount(flash):
    files = vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32)
    vfs.mount(files, "/flash")


def update(bundle, digest):
    """As a handset is updated, up to ready or to what became of it: state, reason and detail."""
    from handset import _link as wire
    from handset.bundle import number
    from handset.update import Update

    states = []

    def send(kind, now, *fields):
        if kind == wire.UPDATE_STATE:
            states.append(fields)
        elif kind == wire.UPDATE_WANT:
            for at in range(fields[0], fields[0] + fields[1], 240):
                job.data(at, bundle[at : min(at + 240, fields[0] + fields[1])])

    job = Update(send, time.ticks_ms, lambda: True, lambda text: None, number("0.1.0"))

    async def run():
        job.offer(0, len(bundle), digest)
        while not states:
            await asyncio.sleep_ms(1)

    asyncio.run(run())
    return states[0]
