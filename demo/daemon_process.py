"""The daemon as a process of its own, followed through its JSON log."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def _parsed(text: str) -> Line:
    """A log line with its moment on this machine's monotonic clock beside the wall clock's."""
    try:
        line: Line = json.loads(text)
    except ValueError:
        return {"event": "not JSON", "text": text.rstrip(), "mono": time.monotonic()}
    wall = datetime.fromisoformat(line["timestamp"]).timestamp()
    return line | {"mono": wall - time.time() + time.monotonic()}


class DaemonProcess:
    """Start, follow and end `kinline daemon`. Log lines stay in `lines` and in the file beside the configuration."""

    def __init__(self, config: Path, heard: Callable[[Line], None] = lambda line: None) -> None:
        self._heard = heard
        self._config = config
        self._log_path = config.with_suffix(".log")
        self.lines: list[Line] = []
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once the daemon says that it is ready."""
        seen = len(self.lines)
        self._process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("kinline"),
            "daemon",
            "--config",
            str(self._config),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        self._reader = asyncio.create_task(self._follow(self._process))
        await self.logged(lambda line: line["event"] == "daemon ready", since=seen)

    async def logged(self, wanted: Callable[[Line], bool], since: int = 0, timeout_s: float = 30.0) -> Line:
        """The first line from `since` on that is wanted, waiting for it if need be."""

        def find() -> Line | None:
            return next((line for line in self.lines[since:] if wanted(line)), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: find() is not None or self._over()), timeout_s)
            except TimeoutError:
                last = "\n".join(json.dumps(line) for line in self.lines[-15:])
                raise TimeoutError(f"the daemon did not log what was waited for; last lines:\n{last}") from None
        found = find()
        if found is None:
            raise RuntimeError(f"the daemon ended early; see {self._log_path}")
        return found

    async def stop(self) -> int:
        """SIGTERM, and its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: nothing is closed, nothing is said."""
        await self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _over(self) -> bool:
        return self._reader is None or self._reader.done()

    async def _end(self, number: signal.Signals) -> int:
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        status = await process.wait()
        await reader
        self._process = self._reader = None
        return status

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        with self._log_path.open("a") as log:
            async for raw in process.stderr:
                text = raw.decode("utf-8", "replace")
                log.write(text)
                log.flush()
                line = _parsed(text)
                self._heard(line)
                async with self._news:
                    self.lines.append(line)
                    self._news.notify_all()
        async with self._news:
            self._news.notify_all()
