"""A caller with a text telephone reads what others hear before the talk: the questions, and what became of the call."""

from pathlib import Path

import pytest

from demo.site import FACILITY, Site
from kinline_engine import tty
from kinline_sim.parties import Refuse
from tests.call.house import ALEX, assert_in_order, ear, enter, house, on_hook, until

pytestmark = pytest.mark.vm


def printed(site: Site) -> str:
    """What a text telephone at the receiver has printed since power-on."""
    pcm = ear(site.board).pcm
    return tty.Receiver().hear(pcm[: len(pcm) // tty.BLOCK * tty.BLOCK].tobytes())


async def test_questions_and_outcome_are_typed_to_who_uses_one_and_where_one_stands(tmp_path: Path) -> None:
    async with house(tmp_path, {ALEX.contact: Refuse(ring_s=9, delay_s=0.2)}) as site:
        site.store.change_inmate(FACILITY, ALEX.number, text_telephone=True)
        since = len(site.daemon.lines)
        await site.board.lift()
        await site.phase(site.board, "pin", since)
        await enter(site.board, f"{ALEX.pin}#")
        await until(lambda: "YOUR BALANCE IS TEN" in printed(site), "the question for the number")
        assert "IDENTIFICATION" not in printed(site), "nobody knew before the PIN"
        await enter(site.board, f"{ALEX.contact.removeprefix('+1')}#")
        await until(lambda: "PLEASE WAIT WHILE YOUR CALL" in printed(site), "that it is on its way")
        assert (await site.ended(site.board, since)).outcome == "refused"
        await until(lambda: "YOUR CALL WAS NOT ACCEPTED" in printed(site), "what became of it")
        await on_hook(site, site.board)

        site.store.change_handset(site.board.device, text_telephone=True)
        await site.daemon.stop()
        since = len(site.daemon.lines)
        await site.daemon.start()
        await site.in_reach(site.board, since)
        await site.board.lift()
        await until(lambda: "ENTER YOUR PERSONAL IDENTIFICATION NUMBER" in printed(site), "the question for the PIN")
        await on_hook(site, site.board)
        assert_in_order(site)
