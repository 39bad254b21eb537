"""What lies under machine.py on the WebAssembly MicroPython: node's descriptors, and a copy of the page.

`node` is what wasm/board.mjs gives. The copy agrees with the world's page at the start and the end of each turn of the
loop, and wherever the firmware sleeps or settle() is called.
"""

import os
import sys
import time

import cryptolib  # noqa: F401 - to be there like a built-in, once the flash is in the place of this folder
import files
import loop
import node
import registers as at
import uctypes

exit = node.exit
settle = node.settle


def connect(page_fd, uart_fd, adc_fd):
    """The page as bytes and as 32-bit words."""
    address = node.connect(page_fd, at.BYTES, at.FIRMWARE, at.FIRMWARE_BYTES, at.WORLD, at.WORLD_BYTES)
    for fd in (uart_fd, adc_fd):
        node.listen(fd)
    words = uctypes.struct(address, {"at": (uctypes.ARRAY | 0, uctypes.UINT32 | at.BYTES // 4)}).at
    return uctypes.bytearray_at(address, at.BYTES), words


def read(fd, buffer):
    """How many bytes were there; 0 or less for none."""
    return node.read(fd, uctypes.addressof(buffer), len(buffer))


def write(fd, buffer):
    return node.write(fd, uctypes.addressof(buffer), len(buffer))


def file_system(fd):
    """The file system of the flash, of which the simulator keeps the littlefs."""
    return files.Files(int(fd))


def urandom(count):
    """What this build's os lacks."""
    secret = bytearray(count)
    node.random(uctypes.addressof(secret), count)
    return bytes(secret)


def _sleep_us(us):
    node.sleep((us + 999) // 1000)


os.urandom = urandom
# This build's own sleeps burn the processor.
time.sleep_ms = node.sleep
time.sleep_us = _sleep_us
time.sleep = lambda seconds: node.sleep(int(seconds * 1000))
# Found here by the frozen asyncio, in the place of its own core.
sys.modules["asyncio.core"] = loop
import asyncio  # noqa: E402 - not before its core is exchanged
from asyncio.event import ThreadSafeFlag  # noqa: E402

asyncio.ThreadSafeFlag = ThreadSafeFlag  # the build has it, but does not name it
