"""Both ends of a link without its cryptography: a frame is known by the keys that it was sealed under."""

from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline.handsets.arq import Arq, LinkDead
from kinline.handsets.keys import SessionKeys, derive
from tests.handsets.pipe import MS, Pipe, World

DEVICE = "wall-1"
DEVICE_KEY = b"sixteen byte key"
SNAPSHOT = wire.Snapshot(1, wire.PHASE_LISTEN, 0, 0, 5, wire.RESET_POWER_ON, 90_000)

Seal = SessionKeys | None


def hello(device: str = DEVICE, nonce: bytes = bytes(16), major: int = wire.MAJOR) -> wire.Hello:
    return wire.Hello(major, wire.MINOR, wire.SCHEMA, 7, nonce, device, "test")


class HostEnd:
    """A session behind an engine that opens frames under the keys in force and the ones pending."""

    def __init__(self, world: World, keys: dict[str, bytes] | None = None, tells_epoch: bool = True) -> None:
        self.world, self.tells_epoch = world, tells_epoch
        self.session = ses.Session((keys or {DEVICE: DEVICE_KEY}).get, world.random.randbytes)
        self.out: Pipe
        self.in_force: Seal = None
        self.pending: Seal = None
        self.told: list[ses.Action] = []

    def tick(self) -> None:
        self.do(self.session.tick(self.world.now_ns))

    def send(self, message: wire.Message) -> None:
        self.do(self.session.send(message, self.world.now_ns))

    def arrives(self, kind: int, seal: Seal, text: bytes) -> None:
        if kind >= wire.SEALED_FROM:
            if seal is not None and seal == self.pending:
                self.in_force, self.pending = self.pending, None
            if seal is None or seal != self.in_force:
                return
        epoch = seal.epoch if seal and self.tells_epoch else None
        self.do(self.session.frame(kind, text, self.world.now_ns, epoch))

    def do(self, actions: list[ses.Action]) -> None:
        self.told += actions
        for action in actions:
            match action:
                case ses.InstallKeys(keys):
                    self.pending = keys
                case ses.Transmit(kind, payload):
                    self.out.send(kind, self.in_force if kind >= wire.SEALED_FROM else None, payload)

    @property
    def delivered(self) -> list[wire.Message]:
        return [action.message for action in self.told if isinstance(action, ses.Delivered)]

    @property
    def refused(self) -> list[str]:
        return [action.counter for action in self.told if isinstance(action, ses.Refused)]

    def count(self, kind: type[ses.Action]) -> int:
        return sum(isinstance(action, kind) for action in self.told)


class HandsetEnd:
    """The handset's side of docs/protocol.md, as a test needs it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.out: Pipe
        self.seal: Seal = None
        self.before: Seal = None  # the keys of before a change, until the host has used the new ones
        self.arq = Arq()
        self.nonce = self.session_nonce = b""
        self.hello_ns = self.heard_ns = 0
        self.delivered: list[wire.Message] = []
        self.welcomes = 0

    def boot(self) -> None:
        """Everything forgotten, as after a reset."""
        self.seal, self.hello_ns = None, 0

    def ticks(self) -> int:
        return self.world.now_ns // MS % wire.TICKS_PERIOD

    def tick(self) -> None:
        if self.seal and self.world.now_ns - self.heard_ns > wire.SILENCE_MS * MS:
            self.seal = None
        if not self.seal:
            if self.world.now_ns >= self.hello_ns:
                self.say_hello()
            return
        try:
            self.transmit(self.arq.due(self.world.now_ns))
        except LinkDead:
            self.seal = None

    def say_hello(self) -> None:
        self.nonce = self.nonce or self.world.random.randbytes(16)
        self.hello_ns = self.world.now_ns + wire.HELLO_MS * MS
        self.out.send(wire.Hello.ID, None, hello(nonce=self.nonce).encode())

    def send(self, message: wire.Message) -> None:
        self.transmit(self.arq.send(message.ID, message.encode(), self.world.now_ns))

    def transmit(self, frames: list[tuple[int, bytes]]) -> None:
        for kind, payload in frames:
            self.out.send(kind, self.seal, payload)

    def arrives(self, kind: int, seal: Seal, text: bytes) -> None:
        if kind == wire.Welcome.ID:
            self.welcomed(wire.Welcome.decode(text))
        elif kind == wire.Probe.ID:
            if self.world.now_ns - self.heard_ns > 2 * wire.PING_MS * MS and not self.nonce:
                self.say_hello()
        elif seal is not None and seal in (self.seal, self.before):
            if seal == self.seal:
                self.before = None
            self.heard_ns = self.world.now_ns
            self.sealed(kind, text)

    def welcomed(self, welcome: wire.Welcome) -> None:
        if not self.nonce:
            return
        keys, proof = derive(DEVICE_KEY, self.nonce, welcome.nonce, welcome.epoch)
        if proof != welcome.proof:
            return
        self.welcomes += 1
        self.seal, self.arq, self.session_nonce, self.nonce = keys, Arq(), self.nonce, b""
        self.before, self.heard_ns = None, self.world.now_ns
        self.send(SNAPSHOT)

    def sealed(self, kind: int, text: bytes) -> None:
        if kind == wire.Ping.ID:
            pong = wire.Pong(wire.Ping.decode(text).number, self.ticks())
            self.out.send(wire.Pong.ID, self.seal, pong.encode())
        elif kind == wire.Ack.ID:
            self.transmit(self.arq.acknowledged(wire.Ack.decode(text).number, self.world.now_ns))
        else:
            body = self.arq.received(text)
            if body is not None and kind == wire.Rekey.ID:
                said = wire.Rekey.decode(body)
                self.before = self.seal
                self.seal, _ = derive(DEVICE_KEY, self.session_nonce, said.nonce, said.epoch)
            self.out.send(wire.Ack.ID, self.seal, wire.Ack(self.arq.last_received).encode())
            if body is not None:
                self.delivered.append(wire.MESSAGES[kind].decode(body))
