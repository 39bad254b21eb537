"""A session with a board's firmware over an open port: what the daemon does for many, for the one on the bench."""

import time
from collections.abc import Callable
from secrets import token_bytes
from typing import TypeVar

import serial

from kinline.handsets import _link as wire
from kinline.handsets.session import Action, Closed, Delivered, InstallKeys, KeyOf, Opened, Refused, Session, Transmit
from kinline.technician.exits import Exit
from kinline.technician.frames import Frames
from kinline.technician.trouble import Trouble

M = TypeVar("M", bound=wire.Message)
_POLL_S = 0.005  # pyserial's URL handlers have no descriptor to wait on
_OPEN_S = 6.0  # a board boots in two, and says hello twice a second


class BoardLink:
    """key_of(device) is the key of a board that says it is that device, or None. Nothing runs but in until() and expect().

    on_audio(pcm) takes each 640 bytes from the microphone and returns 640 for the receiver, or None.
    """

    def __init__(self, line: serial.SerialBase, key_of: KeyOf) -> None:
        self._line = line
        self._frames = Frames()
        self._session = Session(key_of, token_bytes)
        self.opened: Opened | None = None
        self.messages: list[wire.Message] = []
        self.refusals: list[Refused] = []
        self.closings: list[str] = []
        self.bounced: list[wire.Bounce] = []  # what the line's test sent and the board sent back
        self.received = 0
        self._greeted = False
        self.on_audio: Callable[[bytes], bytes | None] = lambda pcm: None

    @property
    def up(self) -> bool:
        return self._session.open

    @property
    def refused_frames(self) -> int:
        return self._frames.refused

    @property
    def session(self) -> Session:
        return self._session

    @property
    def minor(self) -> int:
        """What both sides of the session speak."""
        return self._session.minor

    def rekey(self) -> None:
        """Give the session fresh keys now."""
        self._perform(self._session.rekey(time.monotonic_ns()))

    def send_unreliable(self, message: wire.Message) -> None:
        """One sealed message that is not repeated if it is lost."""
        self._write(self._frames.sealed(message.ID, message.encode()))

    def send(self, message: wire.Message) -> None:
        """One reliable control message."""
        self._perform(self._session.send(message, time.monotonic_ns()))

    def until(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Serve the link until the condition holds; False if it does not within the time. Raises Trouble if the port goes."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= end:
                return False
            self._turn()
        return True

    def expect(self, kind: type[M], timeout_s: float = 3.0) -> M:
        """The next message of a kind that nobody has taken. Raises Trouble."""

        def found() -> M | None:
            return next((one for one in self.messages if isinstance(one, kind)), None)

        self.until(found, timeout_s)
        message = found()
        if message is None:
            what = f"the board sent no {kind.__name__.lower()}"
            raise Trouble("board-silent", what, "press its reset button, then run this again", Exit.SILENT)
        self.messages.remove(message)
        return message

    def open(self, timeout_s: float = _OPEN_S) -> Opened:
        """The session's beginning: who the board is and how it is. Raises Trouble."""
        self.until(lambda: self.opened is not None and self.up, timeout_s)
        if self.opened is not None and self.up:
            return self.opened
        raise self._why_not()

    def _why_not(self) -> Trouble:
        counters = {one.counter: one.detail for one in self.refusals}
        if "link_unknown_device" in counters:
            detail = counters["link_unknown_device"].partition(":")[0]
            return Trouble("unknown-device", detail, "name this board's device file: --device-file", Exit.CONFLICT)
        if "link_wrong_major" in counters:
            return Trouble("wrong-protocol", counters["link_wrong_major"], "kinline tech flash", Exit.BAD_IMAGE)
        if self._greeted:
            return Trouble(
                "wrong-key", "the board answers, but holds another key than the device file",
                "kinline tech provision with this board's own device file", Exit.CONFLICT,
            )  # fmt: skip
        if self.received:
            return Trouble("no-firmware", "what answers is not Kinline's firmware", "kinline tech flash", Exit.SILENT)
        return Trouble("board-silent", "nothing answers at the port", "check cable and power, then press reset", Exit.SILENT)

    def _turn(self) -> None:
        now = time.monotonic_ns()
        try:
            data = self._line.read(4096)
        except (serial.SerialException, OSError) as error:
            raise _lost(error) from error
        self.received += len(data)
        for frame in self._frames.taken(data):
            if frame.kind == wire.AUDIO:
                if reply := self.on_audio(frame.text):
                    self._write(self._frames.sealed(wire.AUDIO, reply))
                continue
            if frame.kind == wire.Bounce.ID:
                self.bounced.append(wire.Bounce.decode(frame.text))
                continue
            self._perform(self._session.frame(frame.kind, frame.text, now, frame.epoch or None))
        self._perform(self._session.tick(now))
        if not data:
            time.sleep(_POLL_S)

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Transmit(kind, payload) if kind < wire.SEALED_FROM:
                    self._greeted = self._greeted or kind == wire.Welcome.ID
                    self._write(self._frames.clear(kind, payload))
                case Transmit(kind, payload):
                    self._write(self._frames.sealed(kind, payload))
                case InstallKeys(keys):
                    self._frames.install(keys)
                case Opened():
                    self.opened = action
                    self.messages.append(action.snapshot)
                case Delivered(message):
                    self.messages.append(message)
                case Refused():
                    self.refusals.append(action)
                case Closed(reason, _):
                    self.closings.append(reason)

    def _write(self, frame: bytes) -> None:
        try:
            self._line.write(frame)
        except (serial.SerialException, OSError) as error:
            raise _lost(error) from error


def _lost(error: OSError) -> Trouble:
    return Trouble("port-lost", f"the port went away ({error})", "check the cable, then run this again", Exit.PORT)
