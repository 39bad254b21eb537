"""Turns a MicroPython into the board: mounts the flash image and runs boot.py and main.py from it.

Arguments: page fd, UART fd, ADC fd, DAC fd, and what this build's `port` needs to reach the flash.
"""

import sys


def program(name):
    """Run one file of the flash as the board does."""
    with open(name) as source:
        exec(compile(source.read(), name, "exec"), {"__name__": "__main__"})


def boot(arguments):
    import machine
    import port
    import vfs

    machine.connect(*(int(text) for text in arguments[:4]))
    files = port.file_system(*arguments[4:])
    vfs.umount("/")
    vfs.mount(files, "/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in ("/boot.py", "/main.py"):
        program(name)


boot(sys.argv[1:])
