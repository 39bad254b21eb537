"""A short share of the corpus in every run: nothing that acts by itself is found where there is nothing."""

import pytest

from kinline_engine.detect import Sign
from tests.detect import corpus, line
from tests.detect.scorecard import CUT_AT, END_AT, Result, judge, rows

TALKS = range(3)  # 15 minutes
SCENES = range(6)
LEAST_FOUND = 4  # the corpus holds scenes that are missed, as docs/detection.md counts them


@pytest.fixture(scope="module", autouse=True)
def voices() -> None:
    if not all(line.clips(language) for language in line.LANGUAGES) or not line.music():
        pytest.skip("there is no recorded speech of five speakers: run make setup")


@pytest.mark.parametrize("number", TALKS)
def test_no_talk_is_cut(number: int) -> None:
    assert judge("talk", number).acts < CUT_AT


@pytest.mark.parametrize("number", range(4))
def test_no_person_is_taken_for_a_machine(number: int) -> None:
    assert judge("person_answers", number).acts < END_AT


@pytest.mark.parametrize("kind", [kind for kind in corpus.KINDS if kind not in ("person_answers", "three_way_answered")])
def test_what_is_there_is_found(kind: str) -> None:
    missed = [number for number in SCENES if judge(kind, number).missed]
    assert len(SCENES) - len(missed) >= LEAST_FOUND, f"{kind} {missed} are missed"


def test_a_scene_can_be_made_again() -> None:
    once, again = corpus.scene("voicemail", 3), corpus.scene("voicemail", 3)
    assert (once.far == again.far).all() and once.name == again.name
    assert not (once.far[:8000] == corpus.scene("voicemail", 4).far[:8000]).all()


def test_the_card_counts_by_line() -> None:
    results = [Result("busy", "busy", Sign.BUSY, 5.0, loss, found, 2.0, 0) for loss, found in ((0.0, 95), (0.0, 0), (0.03, 60))]
    (row,) = rows(results)
    assert (row.scenes, row.missed_clean, row.missed_lossy, row.sure, row.after_s) == (3, "1 of 2", "0 of 1", 1, 2.0)
