"""What lies under machine.py on a Unix MicroPython: the C library, and the page mapped into this process."""

import ffi
import registers as at
import uctypes
import vfs

_BLOCK = 4096

_libc = ffi.open("libc.so.6")
_mmap = _libc.func("p", "mmap", "pIiiii")
_read = _libc.func("i", "read", "ipI")
_write = _libc.func("i", "write", "ipI")
exit = _libc.func("v", "_exit", "i")


def connect(page_fd, _uart_fd, _adc_fd):
    """The page as bytes and as 32-bit words."""
    address = _mmap(None, at.BYTES, 3, 1, page_fd, 0)
    words = uctypes.struct(address, {"at": (uctypes.ARRAY | 0, uctypes.UINT32 | at.BYTES // 4)}).at
    return uctypes.bytearray_at(address, at.BYTES), words


def read(fd, buffer):
    """How many bytes were there; 0 or less for none."""
    return _read(fd, buffer, len(buffer))


def write(fd, buffer):
    return _write(fd, buffer, len(buffer))


def settle():
    """Make the page agree with the world's; here they are one."""


def file_system(path, offset, size):
    """The file system of the flash file, read by MicroPython's own littlefs."""
    return vfs.VfsLfs2(Flash(path, int(offset), int(size)), readsize=32, progsize=32, lookahead=32)


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
