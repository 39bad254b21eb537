"""What staff pass on is heard at the handset after the PIN, in the inmate's language, once."""

import time
from pathlib import Path

import pytest

from demo.site import FACILITY
from kinline.prompts import Prompter
from kinline.prompts.sound import read_wav
from kinline_sim.listening import correlate, to_8k
from tests.call.house import LUZ, between, ear, enter, house, on_hook, until

pytestmark = pytest.mark.vm

TEXT = "Llame a su abogada hoy."


async def test_a_message_is_heard_before_the_number_and_only_once(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as site:
        board = site.board
        message = site.store.leave_message(FACILITY, LUZ.number, TEXT)
        for first in (True, False):
            since, lifted = len(site.daemon.lines), time.monotonic()
            await board.lift()
            await site.phase(board, "pin", since)
            await enter(board, f"{LUZ.pin}#")
            await site.phase(board, "number", since)
            passed_on = any(line["event"] == "visit" and line["phase"] == "messages" for line in site.daemon.lines[since:])
            assert passed_on == first
            if first:
                said = to_8k(read_wav(Prompter(site.data / "prompts").wav("staff_message", "es", text=TEXT)))
                assert correlate(said, between(ear(board), lifted, time.monotonic()), 8000).correlation > 0.85
                await until(
                    lambda: site.store.messages(FACILITY, LUZ.number)[0].delivered_at, f"message {message} is marked as heard"
                )
                assert site.store.messages(FACILITY, LUZ.number)[0].handset == board.device
            await on_hook(site, board)
