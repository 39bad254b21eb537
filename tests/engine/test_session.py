"""The host's session over the real engine: its keys, its frames, and the change from one session to the next."""

from secrets import token_bytes

from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline.handsets.keys import derive
from kinline_engine.bus import Source
from kinline_engine.engine import LinkEvent
from tests.engine.parties import Stage

DEVICE_KEY = bytes(range(16))
SNAPSHOT = wire.Snapshot(1, wire.PHASE_LISTEN, 0, 0, 5, wire.RESET_POWER_ON, 90_000)


class Host:
    """Carries frames and actions between a session and the engine."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.session = stage, ses.Session({"wall-1": DEVICE_KEY}.get, token_bytes)
        self.told: list[ses.Action] = []

    def take(self) -> None:
        """One frame from the handset."""
        event = self.stage.wait(Source.LINK, LinkEvent.FRAME)
        self.do(self.session.frame(event.code & 0xFF, event.data, event.mono_ns, event.code >> 8 or None))

    def do(self, actions: list[ses.Action]) -> None:
        self.told += actions
        for action in actions:
            match action:
                case ses.Transmit(kind, payload):
                    self.stage.link.send(kind, payload)
                case ses.InstallKeys(k):
                    self.stage.link.install_keys(k.epoch, k.d2h_cipher, k.d2h_tag, k.h2d_cipher, k.h2d_tag)

    def kinds(self) -> list[type[ses.Action]]:
        kinds = [type(action) for action in self.told if not isinstance(action, ses.Transmit | ses.InstallKeys)]
        self.told = []
        return kinds


def greet(stage: Stage, host: Host, nonce: bytes) -> None:
    """The handset's half of the handshake, up to its new keys."""
    hello = wire.Hello(wire.MAJOR, wire.MINOR, wire.SCHEMA, 1, nonce, "wall-1", "test")
    stage.handset.send(wire.Hello.ID, hello.encode())
    host.take()
    welcome = wire.Welcome.decode(stage.handset.expect(wire.Welcome.ID))
    keys, proof = derive(DEVICE_KEY, nonce, welcome.nonce, welcome.epoch)
    assert proof == welcome.proof
    stage.handset.secrets = [keys.d2h_cipher, keys.d2h_tag, keys.h2d_cipher, keys.h2d_tag]
    stage.handset.use_keys(welcome.epoch)
    stage.handset.sequence = 0


def send(stage: Stage, number: int, message: wire.Message) -> None:
    stage.handset.send(message.ID, number.to_bytes(2, "little") + message.encode())


def test_a_session_opens_talks_and_gives_way_to_the_next() -> None:
    with Stage(far_end=False) as stage:
        host = Host(stage)
        greet(stage, host, b"a" * 16)
        send(stage, 1, SNAPSHOT)
        host.take()
        assert host.kinds() == [ses.Opened]
        assert wire.Ack.decode(stage.handset.expect(wire.Ack.ID)).number == 1
        host.do(host.session.send(wire.Show(2), 0))
        assert stage.handset.expect(wire.Show.ID) == b"\x01\x00\x02"

        greet(stage, host, b"b" * 16)
        send(stage, 2, wire.Hook(1, 9))  # its snapshot was lost on the way
        host.take()
        assert host.kinds() == [ses.Closed, ses.Refused]
        send(stage, 1, SNAPSHOT)
        send(stage, 2, wire.Hook(1, 9))
        host.take()
        host.take()
        assert host.kinds() == [ses.Opened, ses.Delivered]
