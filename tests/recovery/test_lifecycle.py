"""The life of a plan: every step in any order, against what the procedure allows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtm.recovery.lifecycle import (
    BEING_WRITTEN,
    OPEN,
    STEPS,
    Action,
    Cause,
    Content,
    PlanError,
    Standing,
    Status,
    allowed,
    lacks,
    next_status,
)

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
WHOLE = Content(
    *(Cause.ATTENDANCE, ("Tiga orang sakit",), "Panggil cadangan", "Perbarui daftar cadangan"),
    *("L1", NOW + timedelta(hours=2)),
)

standings = st.builds(
    Standing,
    st.sampled_from(Status),
    st.frozensets(st.sampled_from(["L1", "L2"])),
    st.sampled_from([WHOLE, Content()]),
    st.booleans(),
)
notes = st.sampled_from([None, " ", "karena"])


@given(standings, st.sampled_from(Action), st.sampled_from(["L1", "L2", "K1"]), notes)
def test_a_step_is_taken_only_from_where_it_may_be(standing, action, actor, note):
    step = STEPS[action]
    reasons = {
        "wrong_status": standing.status not in step.of,
        "own_plan": step.by_another and actor in standing.contributors,
        "note_missing": (
            (step.needs_note or (action is Action.CLOSE and not standing.is_effect_known))
            and not (note or "").strip()
        ),
        "incomplete": action is Action.SUBMIT and standing.content == Content(),
    }
    if not any(reasons.values()):
        after = next_status(standing, action, actor, NOW, note)
        assert after == (step.to or standing.status)
        return
    with pytest.raises(PlanError) as refused:
        next_status(standing, action, actor, NOW, note)
    assert reasons[refused.value.reason]


@given(standings, st.sampled_from(["L1", "K1"]))
def test_what_is_offered_to_a_person_can_be_done(standing, actor):
    offered = allowed(standing, actor)
    assert Action.WITHDRAW not in offered
    for action in offered:
        whole = dataclasses.replace(standing, content=WHOLE)
        next_status(whole, action, actor, NOW, "karena")


def test_every_status_is_reached_and_closed_is_no_dead_end():
    reached = {Status.DRAFT} | {step.to for step in STEPS.values() if step.to}
    assert reached == set(Status)
    assert Status.CLOSED in STEPS[Action.REOPEN].of
    assert set(Status) - {Status.CLOSED, Status.WITHDRAWN} == OPEN
    assert STEPS[Action.WRITE].of == BEING_WRITTEN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cause_category", None),
        ("whys", ("", " ")),
        ("correction", ""),
        ("corrective_action", None),
        ("responsible", None),
        ("due_at", None),
        ("due_at", NOW),
        ("horizon_min", 0),
        ("on_target_intervals", 0),
    ],
)
def test_a_plan_that_lacks_something_says_what(field, value):
    lacking = dataclasses.replace(WHOLE, **{field: value})
    assert lacks(WHOLE, NOW) == []
    assert set(lacks(lacking, NOW)) == {field}
    with pytest.raises(PlanError, match=field) as refused:
        next_status(
            Standing(Status.DRAFT, frozenset(), lacking, False), Action.SUBMIT, "L1", NOW, None
        )
    assert refused.value.reason == "incomplete"
