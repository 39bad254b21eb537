"""What a handset reports of itself: its state for staff, and each change in the log and the counters."""

from collections.abc import Callable, Mapping
from typing import Any

from kinline.counters import counters
from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline.handsets.alarms import alarms
from kinline.handsets.restarts import OF_ITS_OWN, Restarts


class Reports:
    """`keep_alarms` is given what stands, by kind, whenever the handset reports its loops."""

    def __init__(self, log: Any, keep_alarms: Callable[[Mapping[str, str]], None]) -> None:
        self._log = log
        self._keep_alarms = keep_alarms
        self.build = ""
        self.restarts = Restarts()
        self.alarms: dict[str, str] = {}  # as last reported

    def opened(self, opened: ses.Opened) -> None:
        self.build = opened.build
        if restarted := self.restarts.opened(opened):
            counters.add("handset_restart", restarted)
            tell = self._log.warning if restarted in OF_ITS_OWN else self._log.info
            tell("the handset has restarted", handset=opened.device, cause=restarted)

    def message(self, message: wire.Message, device: str) -> bool:
        """Whether it was a report."""
        match message:
            case wire.Health():
                self._log.info(
                    "health",
                    handset=device,
                    uptime_ms=message.uptime,
                    heap_free=message.heap_free,
                    heap_peak=message.heap_peak,
                    rejected=message.rejected,
                    replayed=message.replayed,
                    underruns=message.underruns,
                    overruns=message.overruns,
                )
            case wire.Loops():
                self._alarm(alarms(message), device)
            case wire.Events(_, text):
                self._log.info("handset events", handset=device, text=text)
            case wire.Key(key, ticks):
                self._log.debug("key", key=chr(key), ticks=ticks)
            case _:
                return False
        return True

    def _alarm(self, standing: dict[str, str], device: str) -> None:
        """Tell what is new, and keep for staff what stands."""
        for kind, detail in standing.items():
            if self.alarms.get(kind) != detail:
                counters.add("handset_alarm", kind)
                self._log.warning("the handset raises an alarm", handset=device, alarm=kind, detail=detail)
        for kind in self.alarms.keys() - standing.keys():
            self._log.info("an alarm is over", handset=device, alarm=kind)
        self.alarms = standing
        self._keep_alarms(standing)
