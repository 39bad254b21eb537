"""The host's end of many handsets without the daemon: engine, sessions, and audio to whoever is off hook."""

import os
import select
import threading
import time
from types import TracebackType
from typing import Self

from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline_engine.bus import Bus, Event
from kinline_engine.engine import Call, Engine, Link, Tone

TICK_S = 0.05
PATIENCE_S = 20.0
LISTEN_MS = 60_000


class Station:
    """One link: its session, its engine call while off hook, and what it delivered with the time of each frame."""

    def __init__(self, engine: Engine, path: str, key: bytes) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._engine = engine
        self.link: Link = engine.open_link(self.fd)
        self._session = ses.Session(lambda device: key, os.urandom)
        self._call: Call | None = None
        self.opened = threading.Event()
        self.delivered: list[tuple[int, wire.Message]] = []

    def frame(self, event: Event) -> None:
        kind, epoch = event.code & 0xFF, event.code >> 8
        self._do(self._session.frame(kind, event.data, event.mono_ns, epoch or None), event.mono_ns)

    def tick(self) -> None:
        now = time.monotonic_ns()
        self._do(self._session.tick(now), now)

    def keep_listening(self) -> None:
        """Grant another minute of the receiver: the handset's relay stays closed."""
        now = time.monotonic_ns()
        self._do(self._session.send(wire.Listen(LISTEN_MS), now), now)

    def _do(self, actions: list[ses.Action], at: int) -> None:
        for action in actions:
            match action:
                case ses.Transmit(kind, payload):
                    self.link.send(kind, payload)
                case ses.InstallKeys(keys):
                    self.link.install_keys(keys.epoch, keys.d2h_cipher, keys.d2h_tag, keys.h2d_cipher, keys.h2d_tag)
                case ses.Opened():
                    self.opened.set()
                case ses.Delivered(message):
                    self.delivered.append((at, message))
                    if isinstance(message, wire.Hook):
                        self._hook(bool(message.off_hook))
                case _:
                    pass

    def _hook(self, off_hook: bool) -> None:
        if off_hook and self._call is None:
            self._call = self._engine.create_call(self.link)
            self._call.tone(Tone.DIAL)
        elif not off_hook and self._call is not None:
            self._call.close()
            self._call = None


class Host:
    """Serves serial ports on a thread of its own while used as context."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._bus = Bus()
        self.engine = Engine(self._bus)
        self.stations: list[Station] = []
        self._by_link: dict[int, Station] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="host")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()
        self.engine.close()
        self._bus.close()
        for station in self.stations:
            os.close(station.fd)

    def add(self, path: str) -> Station:
        """Serve one more port; returns once its handset is in reach. TimeoutError when it does not come."""
        station = Station(self.engine, path, self._key)
        self._by_link[station.link.id] = station
        self.stations.append(station)
        if not station.opened.wait(PATIENCE_S):
            raise TimeoutError(f"no handset came into reach at {path} within {PATIENCE_S:.0f} s")
        return station

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            if select.select([self._bus.fd], [], [], max(0.0, due - time.monotonic()))[0]:
                for event in self._bus.poll():
                    if event.id in self._by_link:
                        self._by_link[event.id].frame(event)
            if time.monotonic() >= due:
                due = time.monotonic() + TICK_S
                for station in list(self.stations):
                    station.tick()
