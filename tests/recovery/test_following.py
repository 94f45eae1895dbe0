"""What the cycle does with plans: withdraws what corrected data take away, reminds, escalates,
removes at the end of the retention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rtm import audit
from rtm.cycle import run_cycle
from rtm.recovery import remove_expired
from rtm.recovery.lifecycle import Action
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN, calls
from tests.recovery.test_changing import TO_DONE, steps
from tests.small_centre import CALL_HEADER, call, deliver_reference

YEARS_LATER = datetime(2028, 11, 25, tzinfo=UTC)


def corrected():
    """The same calls, delivered anew: they were answered after all."""
    rows = calls("L", TEN, 12, "answered").removeprefix(CALL_HEADER)
    return CALL_HEADER + rows


def test_a_breach_that_corrected_data_take_away_is_withdrawn_with_both_numbers(
    missed, deliver, query
):
    deliver("call", "corrected.csv", corrected(), TEN + 9 * MINUTE)
    run_cycle(missed, TEN + 10 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "draft"}]
    run_cycle(missed, TEN + 16 * MINUTE)
    (breach,) = query("select * from marts.fct_breach")
    assert breach["cleared_because"] == "data_corrected"
    (plan,) = query("select * from marts.fct_recovery_plan")
    assert plan["status"] == "withdrawn"
    assert plan["closed_at"] == TEN + 16 * MINUTE
    (entry,) = query("select * from ops.audit where action = 'withdraw'")
    assert entry["actor"] == "rtm"
    assert entry["content"]["note"] == "0.00 (0/12) -> 100.00 (12/12)"
    run_cycle(missed, TEN + 30 * MINUTE)
    assert len(query("select * from ops.recovery_plan")) == 1


def test_a_breach_whose_data_stand_is_counted_again_and_stays(missed, query):
    for minute in (10, 16, 27):
        run_cycle(missed, TEN + minute * MINUTE)
    (breach,) = query("select * from ops.breach")
    assert breach["recounted_at"] == TEN + 27 * MINUTE
    assert query("select status from ops.recovery_plan") == [{"status": "draft"}]


def queue_up(deliver, file, outcome, wait_s, at):
    rows = "".join(
        call(f"Q{n}", TEN + n * timedelta(seconds=1), outcome, wait_s) for n in range(12)
    )
    deliver("call", file, CALL_HEADER + rows, at)


@pytest.mark.parametrize(("waited_s", "status"), [(200, "draft"), (20, "withdrawn")])
def test_a_breach_of_callers_who_wait_is_taken_back_only_if_they_did_not(
    system, deliver, query, waited_s, status
):
    deliver_reference(deliver)
    queue_up(deliver, "waiting.csv", "open", 0, TEN + 2 * MINUTE)
    run_cycle(system, TEN + 2 * MINUTE)
    (breach,) = query("select * from marts.fct_breach")
    told = (breach["at_risk"], breach["numerator"], breach["denominator"])
    assert told == (12, 0, 12), "they have not hung up yet"
    mail, *_ = query("select body_text from ops.outbox where kind = 'breach'")
    assert "0 / 12 (12 di antaranya masih menunggu)" in mail["body_text"]
    queue_up(deliver, "answered.csv", "answered", waited_s, TEN + 5 * MINUTE)
    for minute in (5, 13):
        run_cycle(system, TEN + minute * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": status}]


def test_a_plan_that_is_carried_out_is_not_withdrawn(missed, act, deliver, query):
    steps(act, *TO_DONE)
    deliver("call", "corrected.csv", corrected(), TEN + 11 * MINUTE)
    run_cycle(missed, TEN + 30 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "done"}]


def told(query, kind):
    mails = query("select recipient from ops.outbox where kind = :kind order by 1", kind=kind)
    return [mail["recipient"] for mail in mails]


def test_who_has_the_next_step_is_reminded_and_the_coordinator_told_of_what_is_overdue(
    missed, query
):
    # A critical breach: submission is due after 15 minutes, with a reminder 5 before
    run_cycle(missed, TEN + 14 * MINUTE)
    assert told(query, "plan_due") == []
    for minute in (15, 16):
        run_cycle(missed, TEN + minute * MINUTE)
    assert told(query, "plan_due") == ["lia@bank.example"]
    assert told(query, "plan_escalation") == []
    for minute in (20, 21):
        run_cycle(missed, TEN + minute * MINUTE)
    assert told(query, "plan_escalation") == ["koko@bank.example"]
    (due,) = query("select * from marts.rpt_plan_due")
    assert (due["step"], due["is_overdue"]) == ("submit", True)


def test_a_site_says_itself_when_a_step_is_due(missed, deliver, query):
    rule = (
        "service_code,severity,step,due_min,remind_min,escalate_min\nKARTU,critical,submit,60,,30\n"
    )
    deliver("plan_rule", "rules.csv", rule, TEN + 6 * MINUTE)
    run_cycle(missed, TEN + 20 * MINUTE)
    (due,) = query("select * from marts.rpt_plan_due")
    opened = TEN + 5 * MINUTE
    assert due["due_at"] == opened + timedelta(minutes=60)
    assert due["remind_at"] == opened + timedelta(minutes=55)
    assert due["escalate_at"] == opened + timedelta(minutes=90)
    assert told(query, "plan_due") == []


def test_each_status_has_its_step(act, query):
    for action, step in (
        (Action.SUBMIT, "verify"),
        (Action.VERIFY, "start"),
        (Action.START, "finish"),
    ):
        actor = "L2" if action is Action.VERIFY else "L1"
        act(action, actor, TEN + 6 * MINUTE)
        (due,) = query("select * from marts.rpt_plan_due")
        assert due["step"] == step
    (plan,) = query("select due_at from ops.recovery_plan")
    assert due["due_at"] == plan["due_at"]
    act(Action.FINISH, "L1", TEN + 7 * MINUTE, "selesai")
    assert query("select * from marts.rpt_plan_due") == []


def test_what_was_kept_long_enough_is_removed_with_a_record_of_it(missed, act, plan_id, query):
    steps(act, *TO_DONE, (Action.CLOSE, "L2", None))
    for at in (datetime(2028, 11, 23, tzinfo=UTC), TEN):
        assert remove_expired(missed.warehouse, at) == 0
    assert remove_expired(missed.warehouse, YEARS_LATER) == 1
    assert query("select * from ops.recovery_plan") == []
    assert query("select * from ops.breach") == []
    assert query("select * from ops.outbox where thread like 'breach-%'") == []
    kept = query("select * from ops.audit where subject_id = :plan order by audit_id", plan=plan_id)
    assert [entry["action"] for entry in kept][-1] == "remove"
    assert all(entry["content"] is None for entry in kept[:-1])
    assert kept[-1]["content"]["kept_until"] == "2028-11-23"
    with missed.warehouse.transaction(Role.APP) as connection:
        assert audit.first_broken(connection) is None
    run_cycle(missed, TEN + 30 * MINUTE)
    assert query("select * from ops.recovery_plan") == []


def test_a_plan_on_legal_hold_is_kept_until_it_is_released(missed, act, query):
    steps(act, *TO_DONE, (Action.CLOSE, "L2", None))
    act(Action.HOLD, "K1", TEN + 20 * MINUTE, "Perkara 12/2026")
    assert remove_expired(missed.warehouse, YEARS_LATER) == 0
    act(Action.RELEASE, "K1", TEN + 21 * MINUTE, "Perkara selesai")
    assert remove_expired(missed.warehouse, YEARS_LATER) == 1
