"""The life of a step of coaching: every decision from every status, against the rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtm.coaching.lifecycle import (
    MOVES,
    Action,
    CoachingError,
    Standing,
    Status,
    allowed,
    next_status,
)

standings = st.builds(Standing, st.sampled_from(Status), st.just("A1"), st.integers(1, 3))
notes = st.sampled_from([None, " ", "karena"])


@given(
    standings,
    st.sampled_from(Action),
    st.sampled_from(["A1", "L1"]),
    notes,
    st.sampled_from([None, 1, 2, 3, 4]),
)
def test_a_decision_is_taken_only_where_it_may_be(standing, action, actor, note, step_no):
    is_issue = action is Action.ISSUE
    is_lower = is_issue and step_no is not None and step_no < standing.proposed_step_no
    reasons = {
        "wrong_status": standing.status is not MOVES[action].of,
        "own_case": actor == "A1",
        "unknown_step": is_issue and step_no is None,
        "higher_step": is_issue and step_no is not None and step_no > standing.proposed_step_no,
        "note_missing": (not is_issue or is_lower) and not (note or "").strip(),
    }
    if not any(reasons.values()):
        assert next_status(standing, action, actor, note, step_no) is MOVES[action].to
        return
    with pytest.raises(CoachingError) as refused:
        next_status(standing, action, actor, note, step_no)
    assert reasons[refused.value.reason]


@given(standings)
def test_what_is_offered_can_be_done_and_nobody_is_offered_their_own_case(standing):
    assert allowed(standing, "A1") == []
    offered = allowed(standing, "L1")
    assert Action.WITHDRAW not in offered
    for action in offered:
        next_status(standing, action, "L1", "karena", standing.proposed_step_no)


def test_every_status_is_reached_and_only_a_proposal_can_be_withdrawn():
    assert {Status.PROPOSED} | {move.to for move in MOVES.values()} == set(Status)
    assert MOVES[Action.WITHDRAW].of is Status.PROPOSED
