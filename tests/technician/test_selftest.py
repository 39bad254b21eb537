"""The self-test against the unchanged firmware: a sound board passes, and each fault is found with one next step."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from typer.testing import CliRunner

from kinline.cli.main import app
from kinline.handsets import _link as wire
from kinline.technician.exits import Exit
from kinline.technician.link import BoardLink
from kinline.technician.selftest import keys, line, plan, sensors, sound
from kinline.technician.selftest.bench import Bench, Hand
from kinline.technician.trouble import Trouble
from kinline_sim.board import Board

pytestmark = pytest.mark.vm
KEY = bytes(range(16))


class Person:
    """Does at the simulated board what is asked, except for what does not work today."""

    def __init__(self, board: Board, broken: frozenset[Hand] = frozenset(), dead_keys: str = "") -> None:
        self._board, self._broken, self._dead_keys = board, broken, dead_keys
        self.asked: list[Hand] = []

    def __call__(self, hand: Hand) -> None:
        self.asked.append(hand)
        if hand in self._broken:
            return
        board = self._board
        match hand:
            case Hand.LIFT:
                board.lift()
            case Hand.HANG_UP:
                board.hang_up()
            case Hand.OPEN_LID:
                board.open_lid()
            case Hand.SHUT_LID:
                board.shut_lid()
            case Hand.PULL_CORD:
                board.wires("cord", "cut")
            case Hand.SHORT_CORD:
                board.wires("cord", "short")
            case Hand.PLUG_CORD:
                board.wires("cord", "whole")
            case Hand.HOLD_MAGNET:
                board.magnet(600)
            case Hand.TAKE_MAGNET:
                board.magnet(0)
            case Hand.PRESS_KEYS:
                board.dial("".join(key for key in keys.ALL if key not in self._dead_keys))
            case Hand.CUP:
                board.cup(0.3)
            case Hand.LET_GO:
                board.cup(0.0)


@pytest.fixture
def board() -> Iterator[Board]:
    with Board(device="wall-7", key=KEY) as board:
        yield board


@pytest.fixture
def link(board: Board) -> Iterator[BoardLink]:
    with serial.Serial(board.path, timeout=0) as port:
        link = BoardLink(port, {"wall-7": KEY}.get)
        link.open()
        yield link


def bench(link: BoardLink, person: Person, patience_s: float = 8.0) -> Bench:
    return Bench(link, person, patience_s)


@pytest.mark.slow
def test_a_sound_board_passes_every_check(board: Board, link: BoardLink) -> None:
    person = Person(board)
    results = list(plan.run(bench(link, person, 15.0), seconds=2.0))
    assert [(r.name, r.found) for r in results if r.trouble] == []
    assert [r.name for r in results] == ["supply", "case", "cord", "magnet", "line", "hook", "keys", "mute", "tone"]
    assert person.asked[-1] is Hand.HANG_UP
    assert board.console == ""


def test_without_hands_supply_and_line_are_looked_at(board: Board, link: BoardLink) -> None:
    person = Person(board)
    results = list(plan.run(bench(link, person), seconds=1.0, hands=False))
    assert [(r.name, r.trouble) for r in results] == [("supply", None), ("line", None)]
    assert person.asked == []


def test_a_low_supply(board: Board, link: BoardLink) -> None:
    board.supply(15_000)
    told(lambda: sensors.supply(bench(link, Person(board))), "supply", "J1")


def test_a_lid_switch_that_does_not_move(board: Board, link: BoardLink) -> None:
    told(lambda: sensors.case(bench(link, Person(board, frozenset({Hand.OPEN_LID})), 1.5)), "case", "SW2")


@pytest.mark.parametrize(
    ("hand", "code"), [(Hand.PULL_CORD, "cord-cut"), (Hand.SHORT_CORD, "cord-short"), (Hand.PLUG_CORD, "cord")]
)
def test_a_cord_loop_that_does_not_tell(board: Board, link: BoardLink, hand: Hand, code: str) -> None:
    told(lambda: sensors.cord(bench(link, Person(board, frozenset({hand})), 1.5)), code, "")


def test_a_cord_that_is_cut_from_the_start(board: Board, link: BoardLink) -> None:
    board.wires("cord", "cut")
    told(lambda: sensors.cord(bench(link, Person(board))), "cord-wires", "J2")


def test_a_hall_sensor_that_sees_no_magnet(board: Board, link: BoardLink) -> None:
    told(lambda: sensors.magnet(bench(link, Person(board, frozenset({Hand.HOLD_MAGNET})), 1.5)), "magnet", "U7")


def test_a_hook_that_does_not_open(board: Board, link: BoardLink) -> None:
    told(lambda: sensors.hook(bench(link, Person(board, frozenset({Hand.LIFT})), 1.5)), "hook", "SW1")


def test_a_dead_key_is_named_with_its_place(board: Board, link: BoardLink) -> None:
    board.lift().wait()
    link.expect(wire.Hook)
    trouble = told(lambda: keys.keys(bench(link, Person(board, dead_keys="8"), 3.0)), "key-dead", "row 3, column 2")
    assert trouble.what == "key 8 did not come"


def test_a_stuck_key_is_named(board: Board, link: BoardLink) -> None:
    board.hold("5")
    bench_ = bench(link, Person(board))
    link.until(lambda: bench_.measure().keys, 3.0)
    assert "down: key 5" in told(lambda: keys.keys(bench_), "key-stuck", "row 2, column 2").what


def test_a_relay_whose_contact_is_welded(board: Board, link: BoardLink) -> None:
    """The coil is dead, and the ear hears on: exactly what the level behind the relay is measured for."""
    board.lift().wait()
    link.expect(wire.Hook)
    board.weld()
    told(lambda: sound.mute(bench(link, Person(board))), "mute", "K1")


def test_a_microphone_that_hears_nothing(board: Board, link: BoardLink) -> None:
    board.lift().wait()
    link.expect(wire.Hook)
    told(lambda: sound.loop_back(bench(link, Person(board, frozenset({Hand.CUP})), 3.0)), "microphone", "J2")


def test_a_line_that_loses_frames(link: BoardLink, board: Board) -> None:
    sent, link.send_unreliable = link.send_unreliable, lambda message: sent(message) if message.number % 10 else None  # type: ignore
    told(lambda: line.line(bench(link, Person(board)), 1.5), "line", "cable")


def test_a_failure_does_not_hide_the_next(board: Board, link: BoardLink) -> None:
    board.supply(15_000)
    results = list(plan.run(bench(link, Person(board)), seconds=1.0, hands=False))
    assert [(r.name, r.trouble is None) for r in results] == [("supply", False), ("line", True)]


def test_keys_change_under_a_running_session(board: Board, link: BoardLink) -> None:
    """With the real firmware: control and sound go on under the new keys, and nothing is refused."""
    for _ in range(3):
        link.rekey()
        measured = bench(link, Person(board)).measure()
        assert measured.supply > 40_000
        assert not link.session.rekeying
    assert (link.closings, [r.counter for r in link.refusals], link.refused_frames) == ([], [], 0)


@pytest.mark.parametrize("share", [1.0, 0.1, 0.01])
def test_the_tone_measures_itself(share: float) -> None:
    frame = sound.tone_frame()
    quieter = b"".join(
        round(int.from_bytes(frame[i : i + 2], "little", signed=True) * share).to_bytes(2, "little", signed=True)
        for i in range(0, len(frame), 2)
    )
    assert sound.level_db(quieter) == pytest.approx(20 * math.log10(share), abs=0.2)


def test_silence_is_minus_infinity() -> None:
    assert sound.level_db(bytes(640)) == -math.inf


def told(check: object, code: str, step: str) -> Trouble:
    with pytest.raises(Trouble) as raised:
        check()  # type: ignore[operator]
    assert raised.value.code == code
    assert raised.value.exit is Exit.TEST_FAILED
    assert step in raised.value.next_step and raised.value.next_step
    return raised.value


def test_the_verb_tells_each_check_and_the_first_next_step(board: Board, tmp_path: Path) -> None:
    device = tmp_path / "wall-7.json"
    device.write_text(json.dumps({"device": "wall-7", "key": KEY.hex()}))
    words = ["tech", "selftest", "--port", board.path, "--device-file", str(device), "--no-hands", "--seconds", "1"]
    words += ["--sheets", str(tmp_path), "--json"]
    well = CliRunner().invoke(app, words)
    said = json.loads(well.stdout)
    assert (well.exit_code, said["ok"], [one["name"] for one in said["data"]]) == (0, True, ["supply", "line"])
    board.supply(12_000)
    ill = CliRunner().invoke(app, words)
    said = json.loads(ill.stdout)
    assert (ill.exit_code, said["trouble"], said["next"]) == (Exit.TEST_FAILED, "supply", "check the port's voltage at J1")
    assert [one["well"] for one in said["data"]] == [False, True]
