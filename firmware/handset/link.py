"""The handset's end of the link: handshake, sealed frames, reliable control. Knows no UART and no clock of its own."""

import struct

from handset import _link as wire
from handset import crypto, ticks
from handset.frame import FrameReader, body_bytes, clear_frame, sealed_parts, write_header
from handset.reliable import Receiver, Sender
from handset.replay import ReplayWindow

_PROBE_GAP_MS = wire.HELLO_MS // 2  # a probe is unauthenticated: it may not make the handset shout
_HEARD_MS = 2 * wire.PING_MS  # a host that has a session is heard at least so often, one ping lost included


class Link:
    """write(buffer) sends bytes; random(count) gives secret bytes; the owner sets the on_... hooks.

    on_message(kind, body, now) is called for each control message, on_audio(pcm) for 640 bytes that are valid
    during the call only, on_up(now) and on_down(now, reason) around each session.
    """

    def __init__(self, identity, boot, write, random):
        self._identity = identity
        self._boot = boot
        self._write = write
        self._random = random
        self.on_message = self.on_audio = self.on_up = self.on_down = None
        self.reader = FrameReader()
        self.up = False
        self.minor = 0  # what both sides speak
        self.replayed = 0
        self.refusal = 0
        self._refused = 0
        self._nonce = None
        self._nonces = b""
        self._epoch = 0
        self._ours = self._theirs = None
        self._window = ReplayWindow()
        self._before = None  # epoch, seal and window before a change of keys, until the host has used the new ones
        self._sequence = 0
        self._clear_sequence = 0
        self._sender = Sender(self._transmit)
        self._receiver = Receiver()
        self._heard = 0
        self._helloed = None
        self._hello_gap = wire.HELLO_MS
        self._audio_out = bytearray(wire.HEADER_BYTES + body_bytes(wire.AUDIO, wire.AUDIO_BYTES))
        self._audio_parts = sealed_parts(memoryview(self._audio_out))
        self._audio_in = bytearray(wire.AUDIO_BYTES)

    @property
    def rejected(self):
        """Headers, frames and messages refused since boot."""
        return self.reader.refused + self._refused

    # Outwards

    def send(self, kind, now, *fields):
        """Queue one reliable message; nothing happens without a session, since a snapshot opens the next one."""
        if self.up and not self._sender.send(kind, pack(kind, fields), now):
            self._down(now, "control queue full")

    def send_secret(self, kind, body, now):
        """Queue a message packed by the caller in a bytearray, which is overwritten once it has been queued."""
        if self.up and not self._sender.send(kind, body, now):
            self._down(now, "control queue full")
        for index in range(len(body)):
            body[index] = 0

    def send_audio(self, pcm):
        """Seal and send 640 bytes."""
        if self.up:
            self._seal(self._audio_out, self._audio_parts, wire.AUDIO, pcm)

    def poll(self, now):
        """Let time pass: hellos, repeats, silence."""
        if self.up:
            if ticks.diff(now, self._heard) > wire.SILENCE_MS:
                self._down(now, "silence")
            elif not self._sender.poll(now):
                self._down(now, "no acknowledgement")
        if not self.up and (self._helloed is None or ticks.diff(now, self._helloed) >= self._hello_gap):
            self._hello(now)

    def received(self, now):
        """Handle every whole frame that the reader holds."""
        while self.reader.next():
            if self.reader.kind < wire.SEALED_FROM:
                accepted = self._clear(now)
            else:
                accepted = self._sealed(now)
            if accepted:
                self.reader.accept()
            else:
                self._refused += 1
                self.reader.reject()

    # Handshake

    def _hello(self, now):
        if self._nonce is None:
            self._nonce = self._random(wire.NONCE_BYTES)
        self._helloed = now
        fields = (wire.MAJOR, wire.MINOR, wire.SCHEMA, self._boot, self._nonce, self._identity.device, self._identity.build)
        self._write(clear_frame(wire.HELLO, self._count_clear(), pack(wire.HELLO, fields)))

    def _count_clear(self):
        self._clear_sequence += 1
        return self._clear_sequence

    def _clear(self, now):
        text = self.reader.clear_text()
        if text is None:
            return False
        kind = self.reader.kind
        if kind == wire.PROBE:
            if self.up and ticks.diff(now, self._heard) <= _HEARD_MS:
                # The host has its session and asks for no other: our hello would get a true welcome, which ends a talk.
                self._refused += 1
            elif self._helloed is None or ticks.diff(now, self._helloed) >= _PROBE_GAP_MS:
                self._hello_gap = wire.HELLO_MS
                self._hello(now)
            return True
        if kind not in (wire.WELCOME, wire.REFUSE):
            return False
        fields = unpack(kind, text)
        if fields is None:
            return False
        if kind == wire.REFUSE:
            if self.up:
                self._refused += 1
            else:
                self.refusal = fields[0]
                self._hello_gap = wire.HELLO_SLOW_MS
            return True
        return self._welcome(now, *fields)

    def _welcome(self, now, epoch, minor, host_nonce, proof):
        if self._nonce is None:
            # The host answered two hellos of one nonce alike: the second answer is no news.
            return self.up and self._nonces[wire.NONCE_BYTES :] == host_nonce
        if not crypto.same(proof, crypto.proof(self._identity.key, self._nonce, host_nonce, epoch)):
            return False
        if self.up:
            self._down(now, "new session")
        self._nonces = self._nonce + host_nonce
        self._nonce = None
        self._before = None
        self.minor = min(minor, wire.MINOR)
        self._key(epoch, self._nonces)
        self._sender.reset()
        self._receiver.reset()
        self._heard = now
        self._hello_gap = wire.HELLO_MS
        self.refusal = 0
        self.up = True
        self.on_up(now)
        return True

    def _key(self, epoch, nonces):
        self._epoch = epoch
        self._ours = crypto.handset_seal(self._identity.key, nonces)
        self._theirs = crypto.host_seal(self._identity.key, nonces)
        self._window = ReplayWindow()
        self._sequence = 0

    def _rekey(self, epoch, host_nonce):
        """Fresh keys in the middle of a session: ours from the next frame on, the host's once it has seen that frame."""
        self._before = (self._epoch, self._theirs, self._window)
        self._key(epoch, self._nonces[: wire.NONCE_BYTES] + host_nonce)

    def _down(self, now, reason):
        self.up = False
        self._sender.wipe()
        self._helloed = None
        self.on_down(now, reason)

    # Sealed frames

    def _transmit(self, kind, text):
        frame = bytearray(wire.HEADER_BYTES + body_bytes(kind, len(text)))
        self._seal(frame, sealed_parts(memoryview(frame)), kind, text)

    def _seal(self, frame, parts, kind, text):
        self._sequence += 1
        length = len(text)
        write_header(frame, kind, self._epoch, self._sequence, length)
        tagged, body, tag = parts
        if length != len(body):
            body[:length] = text
            text = body
        self._ours.encrypt(kind, self._sequence, text, body)
        tag[:] = self._ours.tag(tagged)
        self._write(frame)

    def _sealed(self, now):
        reader = self.reader
        theirs, window = self._theirs, self._window
        if self._before and reader.epoch == self._before[0]:
            _epoch, theirs, window = self._before
        elif not self.up or reader.epoch != self._epoch:
            # Its header is sound, so its end is known: what an old session left behind is stepped over whole.
            self._refused += 1
            return True
        tagged, body, tag = reader.sealed_parts()
        if not crypto.same(tag, theirs.tag(tagged)):
            return False
        if not window.fresh(reader.sequence):
            self.replayed += 1
            return True
        window.mark(reader.sequence)
        if window is self._window:
            self._before = None
        self._heard = now
        kind, length = reader.kind, reader.length
        if kind == wire.AUDIO:
            theirs.decrypt(kind, reader.sequence, body, self._audio_in)
            self.on_audio(self._audio_in)
            return True
        text = bytearray(len(body))
        theirs.decrypt(kind, reader.sequence, body, text)
        if kind < wire.RELIABLE_FROM:
            self._unreliable(kind, memoryview(text)[:length], now)
        else:
            self._reliable(kind, memoryview(text)[:length], now)
        return True

    def _unreliable(self, kind, text, now):
        fields = unpack(kind, text) if kind in (wire.PING, wire.ACK, wire.BOUNCE) else None
        if fields is None:
            self._refused += 1
        elif kind == wire.PING:
            self._transmit(wire.PONG, pack(wire.PONG, (fields[0], now)))
        elif kind == wire.BOUNCE:
            self._transmit(wire.BOUNCE, text)
        else:
            self._sender.acknowledged(fields[0], now)

    def _reliable(self, kind, text, now):
        if len(text) < 2:
            self._refused += 1
            return
        if self._receiver.take(text[0] | text[1] << 8):
            fields = unpack(kind, text[2:])
            if fields is None:
                self._refused += 1
            elif kind == wire.REKEY:
                self._rekey(*fields)
            else:
                self.on_message(kind, fields, now)
        if self.up:
            self._transmit(wire.ACK, pack(wire.ACK, (self._receiver.last,)))


def pack(kind, fields):
    """The body of a message; text and bytes in its variable fields are cut to what fits."""
    layout, limits = wire.FORMATS[kind]
    fixed = len(fields) - len(limits)
    body = struct.pack(layout, *fields[:fixed])
    for limit, value in zip(limits, fields[fixed:]):
        value = (value.encode() if isinstance(value, str) else bytes(value))[:limit]
        body += bytes((len(value),)) + value
    return body


def unpack(kind, body):
    """The fields of a message, or None when the body does not fit it or the kind is unknown."""
    if kind not in wire.FORMATS:
        return None
    layout, limits = wire.FORMATS[kind]
    at = struct.calcsize(layout)
    if len(body) < at or not limits and len(body) != at:
        return None
    fields = struct.unpack_from(layout, body)
    for limit in limits:
        if at >= len(body) or body[at] > limit or at + 1 + body[at] > len(body):
            return None
        end = at + 1 + body[at]
        fields += (bytes(body[at + 1 : end]),)
        at = end
    return fields if at == len(body) else None
