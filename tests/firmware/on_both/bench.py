"""Stand-ins for the firmware's surroundings that both Pythons can run."""

import json

from handset import _link as wire
from handset import crypto
from handset.frame import FrameReader, body_bytes, clear_frame, sealed_parts, write_header
from handset.identity import Identity
from handset.link import Link, pack, unpack

VECTORS = "hw/vectors.json"  # both Pythons are started in the repository's root


def vectors():
    with open(VECTORS) as file:
        return json.load(file)


class Host:
    """The far end of a Link under test: welcomes it, opens what it seals and answers, on the firmware's own crypto."""

    def __init__(self, key, epoch=7):
        self.key = key
        self.epoch = epoch
        self.nonce = bytes(range(16, 32))
        self.got = []
        self.clear = []
        self.acks = []
        self._sequence = 0
        self.number = 0
        self._reader = FrameReader()

    def welcome(self, handset_nonce):
        self._ours = crypto.host_seal(self.key, handset_nonce + self.nonce)
        self._theirs = crypto.handset_seal(self.key, handset_nonce + self.nonce)
        self._sequence = self.number = 0
        proof = crypto.proof(self.key, handset_nonce, self.nonce, self.epoch)
        return clear_frame(wire.WELCOME, 1, pack(wire.WELCOME, (self.epoch, 0, self.nonce, proof)))

    def sealed(self, kind, text, sequence=None):
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        frame = bytearray(wire.HEADER_BYTES + body_bytes(kind, len(text)))
        write_header(frame, kind, self.epoch, sequence, len(text))
        tagged, body, tag = sealed_parts(memoryview(frame))
        body[: len(text)] = text
        self._ours.encrypt(kind, sequence, body, body)
        tag[:] = self._ours.tag(tagged)
        return bytes(frame)

    def control(self, kind, *fields):
        self.number += 1
        return self.sealed(kind, bytes((self.number & 255, self.number >> 8)) + pack(kind, fields))

    def take(self, data):
        """Open what the handset wrote: clear texts to .clear, (number, kind, body) to .got, others to .acks."""
        at = 0
        while at < len(data):
            space = self._reader.space()
            piece = data[at : at + len(space)]
            space[: len(piece)] = piece
            self._reader.received(len(piece))
            at += len(piece)
            while self._reader.next():
                self._open()
                self._reader.accept()

    def _open(self):
        reader = self._reader
        if reader.kind < wire.SEALED_FROM:
            self.clear.append((reader.kind, bytes(reader.clear_text())))
            return
        tagged, body, tag = reader.sealed_parts()
        assert bytes(tag) == self._theirs.tag(tagged)
        text = bytearray(len(body))
        self._theirs.decrypt(reader.kind, reader.sequence, body, text)
        text = bytes(text[: reader.length])
        if reader.kind >= wire.RELIABLE_FROM:
            self.got.append((text[0] | text[1] << 8, reader.kind, text[2:]))
        else:
            self.acks.append((reader.kind, text))


class Line:
    """A Link with its host, and everything the link told its owner."""

    def __init__(self):
        self.host = Host(bytes(range(16)))
        self.written = []
        self.told = []
        self.heard = []
        self.nonces = 0
        self.link = Link(Identity("wall-1", self.host.key, "b"), 5, lambda frame: self.written.append(bytes(frame)), self._random)
        self.link.on_up = self._up
        self.link.on_down = lambda now, reason: self.told.append(("down", reason))
        self.link.on_message = lambda kind, fields, now: self.told.append((kind, fields))
        self.link.on_audio = lambda pcm: self.heard.append(bytes(pcm))

    def _random(self, count):
        self.nonces += 1
        return bytes((self.nonces,)) * count

    def _up(self, now):
        self.told.append(("up",))
        self.link.send(wire.SNAPSHOT, now, 0, 0, 0, 0, now, 1, 0)

    def feed(self, data, now, piece=None):
        at = 0
        while at < len(data):
            space = self.link.reader.space()
            part = data[at : at + (piece or len(space))]
            space[: len(part)] = part
            self.link.reader.received(len(part))
            at += len(part)
            self.link.received(now)

    def flush(self):
        """Hand what the link wrote to the host."""
        data, self.written = b"".join(self.written), []
        self.host.take(data)

    def up(self, now=0):
        self.link.poll(now)
        self.flush()
        self.feed(self.host.welcome(unpack(wire.HELLO, self.host.clear.pop()[1])[4]), now)
        assert self.link.up
        self.flush()
        self.feed(self.ack(1), now)
        self.told = []
        self.host.got = []
        return self

    def ack(self, number):
        return self.host.sealed(wire.ACK, pack(wire.ACK, (number,)))
