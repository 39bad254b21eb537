"""Two voices compared by a program of the site's: no speaker recognition is ours.

It is called as PROGRAM [ARGUMENTS] KEPT SAID, two WAV files (16-bit mono, 16 kHz) that exist in memory only, and exits with 0
for the same voice, with 1 for another, with anything else if it cannot tell.
"""

import asyncio
import io
import os
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from kinline.counters import counters
from kinline.logs import log

RATE = 16_000
_SAME, _ANOTHER = 0, 1

_log = log(part="voices")


class Voices:
    """`program` empty: nobody compares."""

    def __init__(self, program: Sequence[str], seconds: float) -> None:
        self._program = tuple(program)
        self._seconds = seconds

    async def compared(self, kept: bytes, said: bytes) -> bool | None:
        """Whether it is one voice; None if the program cannot tell, fails, or takes too long."""
        try:
            with ExitStack() as stack:
                files = [stack.enter_context(_in_memory(sound)) for sound in (kept, said)]
                status = await self._status(files)
        except (OSError, TimeoutError) as error:
            self._untold(str(error) or f"no answer within {self._seconds:.0f} s")
            return None
        if status in (_SAME, _ANOTHER):
            return status == _SAME
        self._untold(f"it exited with {status}")
        return None

    async def _status(self, files: Sequence[int]) -> int:
        program = await asyncio.create_subprocess_exec(
            *self._program,
            *(f"/dev/fd/{file}" for file in files),
            pass_fds=files,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._seconds):
                return await program.wait()
        except TimeoutError:
            program.kill()
            await program.wait()
            raise

    def _untold(self, why: str) -> None:
        counters.add("voice_check_failed")
        _log.error(
            "a voice could not be compared; the caller goes on by the PIN",
            program=self._program[0] if self._program else None,
            error=why,
            next="run the program by hand with two WAV files: 0 is the same voice, 1 another",
        )


@contextmanager
def _in_memory(sound: bytes) -> Iterator[int]:
    """A WAV of that sound as a descriptor: a voice leaves no trace on a disk."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(sound)
    file = os.memfd_create("voice")
    try:
        os.write(file, whole.getvalue())
        yield file
    finally:
        os.close(file)
