"""Turns a Unix MicroPython into the board: mounts the flash image and runs boot.py and main.py from it.

Arguments: page fd, UART fd, ADC fd, DAC fd, flash file, offset of the file system, its bytes.
"""

import sys

_BLOCK = 4096


class Flash:
    """The vfs partition of the flash file as a block device."""

    def __init__(self, path, offset, size):
        self._file = open(path, "r+b")
        self._offset = offset
        self._blocks = size // _BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(self._offset + block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            offset = 0
        self._file.seek(self._offset + block * _BLOCK + offset)
        self._file.write(buffer)
        self._file.flush()

    def ioctl(self, request, argument):
        if request == 4:
            return self._blocks
        if request == 5:
            return _BLOCK
        return 0


def boot(arguments):
    import machine
    import vfs

    page, uart, adc, dac = (int(text) for text in arguments[:4])
    machine.connect(page, uart, adc, dac)
    files = vfs.VfsLfs2(Flash(arguments[4], int(arguments[5]), int(arguments[6])), readsize=32, progsize=32,
                        lookahead=32)
    vfs.umount("/")
    vfs.mount(files, "/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in ("/boot.py", "/main.py"):
        with open(name) as source:
            exec(compile(source.read(), name, "exec"), {"__name__": "__main__"})


boot(sys.argv[1:])
