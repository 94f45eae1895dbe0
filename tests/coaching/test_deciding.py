"""Decisions of people about steps of coaching: kept, refused, told apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from rtm import audit
from rtm.audit import ChangedMeanwhileError
from rtm.coaching.deciding import UnknownCoachingError, read_coaching
from rtm.coaching.lifecycle import Action, CoachingError
from rtm.cycle import run_cycle
from rtm.warehouse import Role
from tests.small_centre import MORNING


@pytest.fixture
def proposed(matter, follow, steps):
    """A proposal of coaching for A1, beyond a reminder."""
    matter("rotg", subject="two_stations")
    assert follow() == (1, 0)
    assert steps()[-1]["proposed_step"] == "coaching"


def test_a_step_is_issued_followed_up_and_lapses_by_the_clock(proposed, floor, decide, query):
    issued = decide(Action.ISSUE, at=MORNING)
    assert (issued["step"], issued["decided_by"], issued["status"]) == ("coaching", "L1", "issued")
    run_cycle(floor, MORNING + timedelta(days=14))
    (mart,) = query("select * from marts.fct_coaching")
    assert (mart["is_in_force"], mart["is_follow_up_overdue"]) == (True, True)
    with pytest.raises(CoachingError, match="note_missing"):
        decide(Action.FOLLOW_UP)
    decide(Action.FOLLOW_UP, "K1", "Sudah satu akun saja", at=MORNING + timedelta(days=14))
    (mart,) = query("select * from marts.fct_coaching")
    assert (mart["status"], mart["follow_up_note"]) == ("followed_up", "Sudah satu akun saja")
    assert (mart["is_in_force"], mart["is_follow_up_overdue"]) == (True, False)
    run_cycle(floor, MORNING + timedelta(days=90))
    assert query("select is_in_force from marts.fct_coaching") == [{"is_in_force": False}]
    entries = query("select actor, action, content from ops.audit where subject = 'coaching'")
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("rtm", "propose"),
        ("L1", "issue"),
        ("K1", "follow_up"),
    ]
    assert entries[1]["content"] == {
        "changed": {"status": ["proposed", "issued"], "step": "coaching"}
    }
    with floor.warehouse.transaction(Role.APP) as connection:
        assert audit.first_broken(connection) is None


def test_a_lower_step_needs_a_reason_and_a_higher_one_is_refused(proposed, decide, steps):
    for step, note, reason in (
        ("warning_1", "berat", "higher_step"),
        ("nonsense", "karena", "unknown_step"),
        ("reminder", " ", "note_missing"),
    ):
        with pytest.raises(CoachingError, match=reason):
            decide(Action.ISSUE, step=step, note=note)
    assert steps()[-1]["revision"] == 0
    issued = decide(Action.ISSUE, step="reminder", note="Baru seminggu bekerja")
    assert (issued["step"], issued["reason"]) == ("reminder", "Baru seminggu bekerja")


def test_nobody_decides_about_themselves_and_a_dismissal_has_a_reason(proposed, decide):
    with pytest.raises(CoachingError, match="own_case"):
        decide(Action.ISSUE, "A1")
    with pytest.raises(CoachingError, match="note_missing"):
        decide(Action.DISMISS)
    assert decide(Action.DISMISS, note="Akun uji coba")["status"] == "dismissed"
    with pytest.raises(CoachingError, match="wrong_status"):
        decide(Action.ISSUE)


def test_of_two_who_decide_at_once_the_second_is_told(proposed, decide):
    decide(Action.ISSUE)
    with pytest.raises(ChangedMeanwhileError) as refused:
        decide(Action.DISMISS, "K1", "tidak perlu", revision=0)
    assert (refused.value.by, refused.value.at) == ("L1", MORNING)


def test_a_step_that_is_not_there_is_named(floor):
    with (
        floor.warehouse.transaction(Role.APP) as connection,
        pytest.raises(UnknownCoachingError, match="999"),
    ):
        read_coaching(connection, 999)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'issued', step = 'coaching', step_no = 2, lapses_at = now(),"
        " follow_up_due_at = now()",
        "status = 'dismissed', reason = 'x'",
        "status = 'dismissed', decided_at = now(), decided_by = agent_id",
        "status = 'issued', decided_at = now(), decided_by = 'L1', step = 'warning_1',"
        " step_no = 3, lapses_at = now(), follow_up_due_at = now()",
    ],
    ids=["issued by nobody", "dismissed by nobody", "own case", "higher"],
)
def test_the_database_itself_refuses_what_no_person_may_do(proposed, floor, change):
    with pytest.raises(IntegrityError), floor.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(f"update ops.coaching set {change}")
