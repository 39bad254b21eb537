"""Restarts, told from sessions that only came back."""

import pytest

from kinline.handsets import _link as wire
from kinline.handsets.restarts import OF_ITS_OWN, Restarts, cause
from kinline.handsets.session import Opened


def opened(boot: int, reset: int = wire.RESET_POWER_ON, device: str = "wall-1") -> Opened:
    return Opened(device, "1.0.0-abc", boot, wire.Snapshot(0, wire.PHASE_ON_HOOK, 0, 0, 5, reset, 90_000))


def test_a_session_that_comes_back_is_no_restart() -> None:
    restarts = Restarts()
    assert [restarts.opened(opened(7)) for _ in range(3)] == [None] * 3
    assert not restarts.counts and restarts.last == "power"


def test_each_restart_is_counted_by_its_cause() -> None:
    restarts = Restarts()
    restarts.opened(opened(1))
    causes = (wire.RESET_WATCHDOG, wire.RESET_MEMORY, wire.RESET_MEMORY, wire.RESET_UPDATE)
    told = [restarts.opened(opened(boot, reset)) for boot, reset in enumerate(causes, 2)]
    assert told == ["watchdog", "memory", "memory", "update"]
    assert restarts.counts == {"watchdog": 1, "memory": 2, "update": 1} and restarts.last == "update"


@pytest.mark.parametrize("reset", [value for name, value in vars(wire).items() if name.startswith("RESET_")])
def test_every_cause_of_the_contract_has_a_word(reset: int) -> None:
    assert cause(reset) != "unknown"


def test_a_cause_of_tomorrow_is_counted_too() -> None:
    restarts = Restarts()
    restarts.opened(opened(1))
    assert restarts.opened(opened(2, 200)) == "unknown"
    assert {cause(wire.RESET_WATCHDOG), cause(wire.RESET_FAULT), cause(wire.RESET_MEMORY)} == OF_ITS_OWN
