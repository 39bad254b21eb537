"""What is counted of the earlier calls, and remembered, is what a plain reading of all of them finds."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.profiles import load_profile
from kinline.rules import CallRequest, PastCall
from kinline.rules.case import Case, case_of
from kinline.rules.history import calls_made, talk_seconds
from kinline.rules.profile import Classes
from tests.rules.strategies import histories, moments, requests, whom

_questions = st.tuples(moments(days=30), whom, st.integers(1, 3000), st.booleans())


def _count(case: Case, since: datetime, classes: Classes, failed_too: bool) -> list[PastCall]:
    return [
        call
        for call in case.request.history
        if since <= call.start <= case.at
        and (call.number_class or case.classes.get(call.number, "social")) in classes
        and (call.outcome == "completed" or (failed_too and call.outcome != "denied"))
    ]


@pytest.mark.parametrize("at_a_time", [1, 3, 512])
@given(requests, st.lists(_questions, min_size=1, max_size=6))
def test_no_part_and_no_earlier_question_changes_the_count(
    at_a_time: int, request: CallRequest, questions: list[tuple[datetime, Classes, int, bool]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kinline.rules.history._AT_A_TIME", at_a_time)
        case = case_of(request, load_profile("ct-doc"))
        for since, classes, enough, failed_too in questions:
            made = len(_count(case, since, classes, failed_too))
            talked = sum(call.talk_seconds for call in _count(case, since, classes, failed_too=False))
            # Beyond what is enough nobody reads on, and any number from there on is as good.
            assert min(calls_made(case, since, classes, enough, failed_too), enough) == min(made, enough)
            assert min(talk_seconds(case, since, classes, enough), enough) == min(talked, enough)


@given(histories)
def test_a_history_is_kept_by_the_moments_at_which_calls_began(history: tuple[PastCall, ...]) -> None:
    kept = CallRequest(at=datetime(2026, 1, 1, tzinfo=UTC), number="", history=history)
    assert list(kept.history) == sorted(history, key=lambda call: call.start.timestamp())
    assert list(kept.starts) == [call.start.timestamp() for call in kept.history]
