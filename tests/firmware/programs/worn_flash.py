"""Run by a MicroPython VM: an update of a handset whose flash refuses, wears out or is full.

Arguments: partition image, bundle, identity's file, and what is wrong: refuses N (writes fail from the Nth on), worn N (the
Nth block that is erased takes nothing any more), full N (so many bytes are left). Prints how the update ended, which
slot starts, and whether slots and identity are whole.
"""

import os
import sys
from hashlib import sha256

import nor_flash
import slots
import vfs


class Refusing(nor_flash.Flash):
    left = None

    def writeblocks(self, number, buffer, offset=0):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise OSError(5)
        super().writeblocks(number, buffer, offset)


class Worn(nor_flash.Flash):
    left = None
    dead = None

    def ioctl(self, request, argument):
        if request == 6 and self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.dead = argument
        return super().ioctl(request, argument)

    def writeblocks(self, number, buffer, offset=0):
        if number != self.dead:
            super().writeblocks(number, buffer, offset)


def main(image, bundle_file, identity_file, what, count):
    with open(image, "rb") as file:
        base = bytearray(file.read())
    with open(bundle_file, "rb") as file:
        bundle = file.read()
    with open(identity_file, "rb") as file:
        identity = file.read()
    slots.root = "/flash/"
    flash = {"refuses": Refusing, "worn": Worn, "full": nor_flash.Flash}[what](base)
    nor_flash.mount(flash)
    if what == "full":
        space = os.statvfs("/flash")
        with open("/flash/filler", "wb") as file:
            file.write(bytes(space[1] * space[4] - count - 4096))
    else:
        flash.left = count
    ended = nor_flash.update(bundle, sha256(bundle).digest())
    flash.left = None
    vfs.umount("/flash")
    nor_flash.mount(flash)
    with open("/flash/device.json", "rb") as file:
        kept = file.read() == identity
    print(ended[0], ended[1], slots.choose(slots.load(), 0), slots.whole("a"), slots.whole("b"), kept)


main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
