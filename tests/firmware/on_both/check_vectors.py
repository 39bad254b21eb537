"""The golden frames, made and taken by the firmware's own code."""

from binascii import hexlify, unhexlify

from bench import Line, vectors
from handset import _link as wire
from handset import crypto
from handset.frame import body_bytes, clear_frame, sealed_parts, write_header
from handset.replay import ReplayWindow


def _hex(data):
    return hexlify(data).decode()


def _seals(golden):
    key = unhexlify(golden["device_key"])
    nonces = unhexlify(golden["handset_nonce"]) + unhexlify(golden["host_nonce"])
    return {"d2h": crypto.handset_seal(key, nonces), "h2d": crypto.host_seal(key, nonces)}


def _write(seal, kind, epoch, sequence, text):
    if kind < wire.SEALED_FROM:
        return clear_frame(kind, sequence, text)
    frame = bytearray(wire.HEADER_BYTES + body_bytes(kind, len(text)))
    write_header(frame, kind, epoch, sequence, len(text))
    tagged, body, tag = sealed_parts(memoryview(frame))
    body[: len(text)] = text
    seal.encrypt(kind, sequence, body, body)
    tag[:] = seal.tag(tagged)
    return frame


def check_proof():
    golden = vectors()
    assert golden["proof"] == _hex(
        crypto.proof(
            unhexlify(golden["device_key"]), unhexlify(golden["handset_nonce"]), unhexlify(golden["host_nonce"]), golden["epoch"]
        )
    )


def check_every_frame_is_written_alike():
    golden = vectors()
    seals = _seals(golden)
    for frame in golden["frames"]:
        written = _write(seals[frame["direction"]], frame["type"], frame["epoch"], frame["sequence"], unhexlify(frame["text"]))
        assert _hex(written) == frame["wire"], "type %d" % frame["type"]


class _Receiver(Line):
    """The firmware's Link, given the other direction's keys: the golden streams are what a host receives."""

    def __init__(self, golden):
        super().__init__()
        self.link.up = True
        self.link._epoch = golden["epoch"]
        self.link._theirs = _seals(golden)["d2h"]
        self.link._window = ReplayWindow()
        self.delivered = []
        self.link._unreliable = self.link._reliable = lambda kind, text, now: self._deliver(kind, text)
        self.link.on_audio = lambda pcm: self._deliver(wire.AUDIO, pcm)
        self.link._clear = self._clear

    def _deliver(self, kind, text):
        self.delivered.append((kind, self.link.reader.sequence, _hex(text)))

    def _clear(self, _now):
        text = self.link.reader.clear_text()
        if text is None:
            return False
        self._deliver(self.link.reader.kind, text)
        return True


def _run(golden, stream, piece):
    receiver = _Receiver(golden)
    receiver.feed(unhexlify(stream["wire"]), 0, piece)
    expected = [(frame["type"], frame["sequence"], frame["text"]) for frame in stream["delivered"]]
    assert receiver.delivered == expected, stream["name"]
    refused = receiver.link.rejected + receiver.link.replayed
    assert refused == sum(stream["refused"].values()), "%s: %d refused" % (stream["name"], refused)
    assert receiver.link.replayed == stream["refused"].get("replay", 0), stream["name"]


def check_streams_whole():
    golden = vectors()
    for stream in golden["streams"]:
        _run(golden, stream, None)


def check_streams_byte_by_byte():
    golden = vectors()
    for stream in golden["streams"]:
        _run(golden, stream, 1)
