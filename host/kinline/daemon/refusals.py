"""What the audio thread refused or lost, beside the daemon's own counters, so that whoever scrapes them sees it meanwhile."""

import asyncio

from kinline.counters import counters
from kinline.media import Engine

COUNTED = ("rtp_unknown_source", "rtp_malformed", "rtp_send_failed", "rtcp_malformed", "rtcp_disbelieved")
EVERY_S = 5.0  # a scrape is seldom more often


class Refusals:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told = dict.fromkeys(COUNTED, 0)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.count()

    def count(self) -> None:
        """Add what came since the last time."""
        now = self._engine.counters
        for name, before in self._told.items():
            self._told[name] = getattr(now, name)
            if news := self._told[name] - before:
                counters.add(name, amount=news)
