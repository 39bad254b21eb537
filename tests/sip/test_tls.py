"""Calls over TLS: to a switch that we can identify, and to none else."""

import dataclasses
from pathlib import Path

import pytest

from kinline_engine.bus import Bus
from kinline_engine.sip import Answered, By, Ended, SipConfig, SipEndpoint, SipError
from kinline_sim.parties import Accept
from kinline_sim.switch import Switch
from tests.sip.caller import Caller
from tests.sip.certificates import Authority

NUMBER = "+12025550123"
PARTY = Accept(delay_s=0.0, ring_s=0.0)


def daemon(folder: Path) -> SipConfig:
    return SipConfig("127.0.0.1", tls_dir=folder, give_up_after_s=3.0)


@pytest.mark.parametrize("scheme", ["sip", "sips"])
@pytest.mark.parametrize("alone", [True, False], ids=["tls only", "all transports"])
async def test_a_call_over_tls(tmp_path: Path, scheme: str, alone: bool) -> None:
    authority = Authority(tmp_path / "ca")
    config = daemon(authority.endpoint("daemon", "daemon.example"))
    config = dataclasses.replace(config, udp=not alone, tcp=not alone)
    async with (
        Switch(numbers={NUMBER: PARTY}, tls_dir=authority.endpoint("switch", "127.0.0.1")) as switch,
        Caller(config) as caller,
    ):
        caller.invite(switch.uri(NUMBER, "tls") if scheme == "sip" else f"sips:{NUMBER}@127.0.0.1:{switch.tls_port}")
        answered = await caller.until(Answered)
        caller.endpoint.hangup(1)
        ended = await caller.until(Ended)
    assert answered.media is not None
    assert ended.by is By.LOCAL


async def refused_call(switch_folder: Path, daemon_folder: Path) -> Ended:
    async with (
        Switch(numbers={NUMBER: PARTY}, tls_dir=switch_folder) as switch,
        Caller(daemon(daemon_folder)) as caller,
    ):
        caller.invite(switch.uri(NUMBER, "tls"))
        ended = await caller.until(Ended)
        assert caller.count(Answered) == 0
        assert switch.calls == []
    return ended


async def test_a_switch_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    ended = await refused_call(theirs.endpoint("switch", "127.0.0.1"), ours.endpoint("daemon", "daemon.example"))
    assert ended.by in (By.FAULT, By.TIMEOUT)
    assert "certificate" in ended.phrase


async def test_a_switch_with_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    ended = await refused_call(authority.endpoint("switch", "other.example"), authority.endpoint("daemon", "daemon.example"))
    assert ended.by in (By.FAULT, By.TIMEOUT)
    assert "certificate" in ended.phrase


def test_a_folder_without_certificates_is_refused(tmp_path: Path) -> None:
    bus = Bus()
    with pytest.raises(SipError, match=r"agent\.pem"):
        SipEndpoint(bus, SipConfig("127.0.0.1", tls_dir=tmp_path))
    bus.close()
