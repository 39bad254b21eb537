"""A new application into the slot that does not run: fetched piece by piece, judged, unpacked, read back.

Loaded when a host offers one. What is fetched outlives a loss of power, so the next offer of the same bundle goes on
from there. Nothing starts the new slot before its last byte has been read back and the host has said so.
"""

import asyncio
import json
import os
from binascii import hexlify, unhexlify
from hashlib import sha256

import slots

from handset import _link as wire
from handset import bundle, ticks

_MOST = 1 << 19  # a bundle is some 60 KB; ten times that is a mistake
_ROOM = 3840  # wanted at once: 16 pieces of 240, about a block of the flash
_PIECE = 512
_SPARE = 65536  # stays free beyond bundle and slot, for littlefs's copies and what the telephone itself writes
_PATIENCE_MS = 2000  # then what was wanted is wanted again
_ASKS = 150  # so often without an answer; the next offer goes on
_FETCHED = "update.bin"
_OFFER = "update.json"
_BUNDLE = "bundle.txt"  # in a slot: which bundle it came from
_TRUST = "board.json"


class Update:
    """send(kind, now, *fields) queues a message; idle() tells whether the telephone rests; installed is its version."""

    def __init__(self, send, clock, idle, note, installed):
        self._send = send
        self._clock = clock
        self._idle = idle
        self._note = note
        self._installed = installed
        self._task = None
        self._digest = b""
        self._file = None
        self._trouble = None
        self._at = self._until = 0
        self.ready = False

    # What the host says

    def offer(self, now, size, digest):
        """Take up a bundle, or go on with it."""
        digest = bytes(digest)
        if not self._idle():
            # What is under way waits; nobody's call does.
            self._send(wire.UPDATE_STATE, now, wire.UPDATE_REFUSED, wire.REASON_BUSY, "the handset is off hook")
            return
        if self._task and digest == self._digest:
            self._want()
            return
        self.cancel(forget=False)
        self._digest = digest
        name = hexlify(digest).decode()
        if self._came_from(slots.running) == name:
            self._tell(wire.UPDATE_CURRENT, wire.REASON_NONE, slots.build(slots.running))
        elif self._came_from(slots.other(slots.running)) == name and slots.whole(slots.other(slots.running)):
            self._finished()
        elif not bundle.HEAD_BYTES < size <= _MOST:
            self._tell(wire.UPDATE_REFUSED, wire.REASON_MALFORMED, "%d bytes are no bundle" % size)
        else:
            self._task = asyncio.create_task(self._run(size, name))

    def data(self, offset, piece):
        """The next piece; any other is passed over, and asked for again in time."""
        if self._file is None or offset != self._at or self._at + len(piece) > self._until:
            return
        try:
            self._file.write(piece)
            self._at += len(piece)
        except OSError as error:
            self._trouble = error

    def cancel(self, forget=True):
        """Stop, and unless it may go on later, forget what was fetched."""
        self.ready = False
        if self._task:
            self._task.cancel()
            self._task = None
        self._close()
        if forget:
            _remove(slots.root + _OFFER)
            _remove(slots.root + _FETCHED)

    # The work

    async def _run(self, size, name):
        try:
            await self._whole(size, name)
        except bundle.Refusal as refusal:
            self._end(wire.UPDATE_REFUSED, refusal.reason, refusal.detail)
        except OSError as error:
            full = error.errno == 28
            self._end(wire.UPDATE_FAILED, wire.REASON_SPACE if full else wire.REASON_FLASH, "flash error %d" % error.errno)
        except MemoryError:
            self._end(wire.UPDATE_FAILED, wire.REASON_SPACE, "out of memory")

    async def _whole(self, size, name):
        self._resume(size, name)
        head = await self._fetch(0, bundle.HEAD_BYTES)
        manifest_bytes = bundle.manifest_bytes(head)
        start = bundle.HEAD_BYTES + manifest_bytes
        if start >= size:
            raise bundle.Refusal(wire.REASON_MALFORMED, "it ends in its manifest")
        text = await self._fetch(bundle.HEAD_BYTES, start)
        signer, revision = _trust()
        manifest = await bundle.judge(head, text, signer, revision, self._installed, _rest)
        if start + sum(file[1] for file in manifest["files"] + manifest["root"]) != size:
            raise bundle.Refusal(wire.REASON_MALFORMED, "its files do not add up")
        await self._fetch(start, size, keep=False)
        self._close()
        if slots.digest(slots.root + _FETCHED) != name:
            raise bundle.Refusal(wire.REASON_DAMAGED, "it did not arrive as it was offered")
        target = slots.other(slots.running)
        await self._unpack(target, manifest, text, start, name)
        _remove(slots.root + _OFFER)
        _remove(slots.root + _FETCHED)
        if not slots.whole(target):
            raise OSError(5)
        self._task = None
        self._finished()

    def _resume(self, size, name):
        """Open what was fetched of this very bundle, or make room and begin."""
        wanted = {"size": size, "digest": name}
        try:
            with open(slots.root + _OFFER) as file:
                known = json.load(file) == wanted
            self._at = os.stat(slots.root + _FETCHED)[6] if known else 0
        except (OSError, ValueError):
            known = False
        if not known or self._at > size:
            _remove(slots.root + _OFFER)
            _remove(slots.root + _FETCHED)
            space = os.statvfs(slots.root)
            if space[1] * space[4] < 2 * size + _SPARE:
                raise bundle.Refusal(wire.REASON_SPACE, "%d bytes are free" % (space[1] * space[4]))
            self._at = 0
            slots.replace(slots.root + _OFFER, json.dumps(wanted).encode())
        self._file = open(slots.root + _FETCHED, "ab")

    async def _fetch(self, start, end, keep=True):
        """The bundle's bytes from start to end, asked for as far as they are not there."""
        while self._at < end:
            self._until = min(end, self._at + _ROOM)
            asked = 0
            while self._at < self._until:
                if asked == _ASKS:
                    raise bundle.Refusal(wire.REASON_ABSENT, "the host sends no more")
                if self._idle():
                    asked += 1
                    self._want()
                await self._arrived()
            self._file.flush()
        if not keep:
            return b""
        self._file.flush()
        with open(slots.root + _FETCHED, "rb") as file:
            file.seek(start)
            return file.read(end - start)

    async def _arrived(self):
        """Until what was wanted is there, or nothing has come for a while."""
        at, since = self._at, self._clock()
        while self._at < self._until and ticks.diff(self._clock(), since) < _PATIENCE_MS:
            await asyncio.sleep_ms(5)
            if self._trouble:
                trouble, self._trouble = self._trouble, None
                raise trouble
            if self._at != at:
                at, since = self._at, self._clock()

    async def _unpack(self, target, manifest, text, start, name):
        """Into the other slot; its manifest comes last, so that half a slot is none."""
        _remove(slots.path(target, slots.MANIFEST))
        remove_tree(slots.path(target))
        os.mkdir(slots.path(target))
        buffer = memoryview(bytearray(_PIECE))
        with open(slots.root + _FETCHED, "rb") as source:
            source.seek(start)
            for file, size, wanted in manifest["files"]:
                while not self._idle():
                    await asyncio.sleep_ms(_PATIENCE_MS)
                _folders(slots.path(target), file)
                total = sha256()
                with open(slots.path(target, file), "wb") as copy:
                    while size:
                        count = source.readinto(buffer[: min(size, _PIECE)])
                        if not count:
                            raise OSError(5)
                        total.update(buffer[:count])
                        copy.write(buffer[:count])
                        size -= count
                        await _rest()
                if hexlify(total.digest()).decode() != wanted:
                    raise bundle.Refusal(wire.REASON_DAMAGED, "%s is not what was signed" % file)
        build = "%s-%s" % (manifest["version"], manifest["build"])
        slots.replace(slots.path(target, slots.BUILD), build.encode())
        slots.replace(slots.path(target, _BUNDLE), name.encode())
        slots.replace(slots.path(target, slots.MANIFEST), text)

    # What the host is told

    def _want(self):
        if self._idle() and self._at < self._until:
            self._send(wire.UPDATE_WANT, self._clock(), self._at, self._until - self._at)

    def _finished(self):
        self.ready = True
        self._tell(wire.UPDATE_READY, wire.REASON_NONE, slots.build(slots.other(slots.running)))

    def _end(self, state, reason, detail):
        self._task = None
        # What was refused or has failed is not gone on with; a silent host may come back.
        self.cancel(forget=reason != wire.REASON_ABSENT)
        self._tell(state, reason, detail)

    def _tell(self, state, reason, detail):
        self._note("update %d, reason %d" % (state, reason))
        self._send(wire.UPDATE_STATE, self._clock(), state, reason, detail)

    def _close(self):
        self._until = 0
        if self._file:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError:
                pass

    def _came_from(self, name):
        try:
            with open(slots.path(name, _BUNDLE)) as file:
                return file.read()
        except OSError:
            return None


async def _rest():
    await asyncio.sleep_ms(0)


def _trust():
    """Whose signature counts here, and what board this is; written by cable, with the identity."""
    try:
        with open(slots.root + _TRUST) as file:
            record = json.load(file)
        return unhexlify(record["signer"]), record["revision"]
    except (OSError, ValueError, KeyError, TypeError):
        raise bundle.Refusal(wire.REASON_SIGNATURE, "no signer was set when this handset was flashed")


def _folders(place, name):
    for part in name.split("/")[:-1]:
        place += "/" + part
        try:
            os.mkdir(place)
        except OSError as error:
            if error.errno != 17:
                raise


def _remove(name):
    try:
        os.remove(name)
    except OSError:
        pass


def remove_tree(name):
    """Remove a folder with all that is in it; what is not there is no matter."""
    try:
        entries = os.listdir(name)
    except OSError:
        return
    for entry in entries:
        inner = name + "/" + entry
        if os.stat(inner)[0] & 0x4000:
            remove_tree(inner)
        else:
            os.remove(inner)
    os.rmdir(name)
