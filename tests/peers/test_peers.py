"""The peers themselves: each starts, answers, and leaves nothing behind."""

from pathlib import Path

import pytest

from tests.peers import scenarios
from tests.peers.asterisk import Asterisk, accepts, busy, echo
from tests.peers.baresip import Baresip
from tests.peers.program import is_bound
from tests.peers.sipp import Sipp

pytestmark = pytest.mark.peer
NUMBER = "+12025550123"


def test_asterisk_answers_options(tmp_path: Path, needs_asterisk: None, needs_sipp: None) -> None:
    with Asterisk(tmp_path / "asterisk", (echo(NUMBER),)) as switch:
        assert switch.version().startswith("22.")
        with Sipp(scenarios.options(), tmp_path / "sipp", target=f"{switch.address}:{switch.port}") as probe:
            probe.finish()
        bound = (switch.address, switch.port)
    assert not is_bound("udp", *bound)


def test_asterisk_calls_baresip_and_both_hear(
    tmp_path: Path, speech: dict[str, Path], needs_asterisk: None, needs_baresip: None
) -> None:
    with (
        Baresip(tmp_path / "party", speech["es"]) as party,
        Asterisk(
            tmp_path / "asterisk",
            (accepts(NUMBER, "en/demo-congrats", "heard.wav", press=""),),
            contact=party.uri,
        ) as switch,
    ):
        switch.action(
            "Originate",
            Channel="PJSIP/facility",
            Context="facility",
            Exten=NUMBER,
            Priority="1",
            Async="true",
        )
        party.wait_for_event("CALL_ESTABLISHED")
        switch.wait_for_event("RTCPSent", 20.0)
        party.command("hangup")
        switch.wait_for_event("Hangup")
        switch.hang_up_all()
    assert party.heard().stat().st_size > 16_000
    assert (tmp_path / "asterisk" / "heard.wav").stat().st_size > 16_000


def test_sipp_refuses_a_call_from_asterisk(tmp_path: Path, needs_asterisk: None, needs_sipp: None) -> None:
    with Sipp(scenarios.refuse("486 Busy Here"), tmp_path / "sipp") as party:
        with Asterisk(tmp_path / "asterisk", (busy(NUMBER),), contact=party.uri) as switch:
            switch.action("Originate", Channel="PJSIP/facility", Application="Echo", Async="true")
            assert switch.wait_for_event("Hangup")["Cause"] == "17"
        party.finish()


def test_sipp_hangs_up_on_asterisk(tmp_path: Path, needs_asterisk: None, needs_sipp: None) -> None:
    with Sipp(scenarios.answer_then_bye(after=300), tmp_path / "sipp") as party:
        with Asterisk(tmp_path / "asterisk", contact=party.uri) as switch:
            switch.action("Originate", Channel="PJSIP/facility", Application="Echo", Async="true")
            switch.wait_for_event("Hangup")
        party.finish()
