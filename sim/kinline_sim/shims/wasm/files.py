"""The flash's files for a MicroPython without littlefs: each step is asked of the simulator, which has it.

A file is read whole when opened and written whole when flushed or closed: what the firmware wrote is in the image
then, as on the board.
"""

import io
import json
import struct

import node
import uctypes

_HEAD = "<II"  # bytes of the JSON text and of the data behind it, in a request and in its answer
_DIRECTORY = 0x4000
_FILE = 0x8000


class Files:
    """A file system to mount; kinline_sim.flash_files answers at the other end of the descriptor."""

    def __init__(self, fd):
        self._fd = fd
        self._folder = "/"

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def open(self, path, mode):
        path = self._path(path)
        binary = "b" in mode
        if "w" in mode:
            self.put(path, b"")
        elif "a" in mode:
            self.ask("append", path, b"")
        if "r" in mode and "+" not in mode:
            data = self.ask("read", path)[1]
            return io.BytesIO(data) if binary else io.StringIO(data.decode())
        return _Written(self, path, mode, b"" if "w" in mode else self.ask("read", path)[1])

    def put(self, path, data):
        """Replace a file's content."""
        self.ask("write", path, data)

    def stat(self, path):
        folder, size = self.ask("stat", self._path(path))[0]
        return (_DIRECTORY if folder else _FILE, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def statvfs(self, path):
        block, blocks, free = self.ask("space", "/")[0]
        return (block, block, blocks, free, free, 0, 0, 0, 0, 255)

    def ilistdir(self, path):
        for name, folder, size in self.ask("list", self._path(path))[0]:
            yield (name, _DIRECTORY if folder else _FILE, 0, size)

    def remove(self, path):
        self.ask("remove", self._path(path))

    def rename(self, old, new):
        self.ask("rename", self._path(old), self._path(new).encode())

    def mkdir(self, path):
        self.ask("mkdir", self._path(path))

    def rmdir(self, path):
        self.ask("rmdir", self._path(path))

    def chdir(self, path):
        path = self._path(path)
        if path != "/" and not self.ask("stat", path)[0][0]:
            raise OSError(20)
        self._folder = path if path.endswith("/") else path + "/"

    def getcwd(self):
        return self._folder[:-1] or "/"

    def ask(self, verb, path, data=b""):
        """One request and its answer: the result and the data that came with it; OSError as littlefs said."""
        text = json.dumps([verb, path]).encode()
        self._send(struct.pack(_HEAD, len(text), len(data)) + text + data)
        sizes = struct.unpack(_HEAD, self._receive(struct.calcsize(_HEAD)))
        error, result = json.loads(self._receive(sizes[0]))
        content = self._receive(sizes[1])
        if error:
            raise OSError(error)
        return result, content

    def _path(self, name):
        return name if name.startswith("/") else self._folder + name

    def _send(self, data):
        node.send(self._fd, uctypes.addressof(data), len(data))

    def _receive(self, count):
        data = bytearray(count)
        node.receive(self._fd, uctypes.addressof(data), count)
        return data


class _Written(io.IOBase):
    """A file open for writing, kept in memory until flushed."""

    def __init__(self, files, path, mode, content):
        self._files, self._path = files, path
        self._text = "b" not in mode
        self._content = io.BytesIO(content)
        if "a" in mode:
            self._content.seek(0, 2)
        self._changed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self._changed = True
        self._content.write(data.encode() if isinstance(data, str) else data)
        return len(data)

    def read(self, count=-1):
        data = self._content.read(count)
        return data.decode() if self._text else data

    def readinto(self, buffer):
        return self._content.readinto(buffer)

    def seek(self, offset, whence=0):
        return self._content.seek(offset, whence)

    def tell(self):
        return self._content.tell()

    def flush(self):
        if self._changed:
            self._files.put(self._path, self._content.getvalue())
            self._changed = False

    def close(self):
        self.flush()
