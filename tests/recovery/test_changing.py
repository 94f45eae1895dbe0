"""A plan from its draft to its closing: who may do what, what is kept, who is told."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from rtm import audit
from rtm.audit import ChangedMeanwhileError
from rtm.cycle import run_cycle
from rtm.recovery import read_history, read_plan
from rtm.recovery.changing import UnknownPlanError
from rtm.recovery.lifecycle import Action, PlanError
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN, calls, content
from tests.small_centre import CALL_HEADER

SIX = TEN + 6 * MINUTE


def steps(act, *wanted):
    """Takes steps one after another, a minute apart."""
    for minute, (action, actor, note) in enumerate(wanted, 6):
        plan = act(action, actor, TEN + minute * MINUTE, note)
    return plan


TO_DONE = (
    (Action.SUBMIT, "L1", None),
    (Action.VERIFY, "L2", None),
    (Action.START, "L1", None),
    (Action.FINISH, "A1", "Saluran cadangan aktif sejak 10.12"),
)
TO_CLOSED = (*TO_DONE, (Action.CLOSE, "L2", "Klien meminta laporan hari ini"))


def test_a_plan_is_written_verified_by_another_carried_out_and_closed(act, query):
    plan = steps(act, *TO_CLOSED)
    assert plan["status"] == "closed"
    assert (plan["author"], plan["verifier"]) == ("L1", "L2")
    assert plan["evidence"] == "Saluran cadangan aktif sejak 10.12"
    assert [plan[at] for at in ("submitted_at", "verified_at", "started_at", "done_at")] == [
        TEN + minute * MINUTE for minute in (6, 7, 8, 9)
    ]
    assert plan["retain_until"] == date(2028, 11, 23)
    (mart,) = query("select * from marts.fct_recovery_plan")
    assert (mart["status"], mart["cause_category"], mart["responsible"]) == (
        *("closed", "system"),
        "A1",
    )


def test_who_wrote_a_plan_neither_verifies_nor_returns_it(act):
    act(Action.WRITE, "L2", SIX, written=content(SIX))
    act(Action.SUBMIT, "L1", SIX)
    for actor in ("L1", "L2"):
        for action in (Action.VERIFY, Action.RETURN):
            with pytest.raises(PlanError, match="own_plan"):
                act(action, actor, SIX, "karena")
    assert act(Action.VERIFY, "K1", SIX)["verifier"] == "K1"


def test_a_plan_without_a_cause_is_not_submitted_and_nothing_is_kept_of_the_attempt(
    act, missed, plan_id
):
    lacking = dataclasses.replace(content(SIX), cause_category=None, whys=())
    with pytest.raises(PlanError) as refused:
        act(Action.SUBMIT, "L1", SIX, written=lacking)
    assert set(refused.value.details) == {"cause_category", "whys"}
    with missed.warehouse.transaction(Role.APP) as connection:
        assert read_plan(connection, plan_id)["revision"] == 0
        assert [entry["action"] for entry in read_history(connection, plan_id)] == ["draft"]


def test_of_two_people_who_write_at_once_the_second_is_told_by_whom_and_when(act):
    act(Action.WRITE, "L2", SIX, written=content(SIX))
    with pytest.raises(ChangedMeanwhileError) as refused:
        act(Action.SUBMIT, "L1", TEN + 7 * MINUTE, revision=0)
    assert (refused.value.by, refused.value.at) == ("L2", SIX)


def test_a_closed_plan_is_not_changed(act):
    steps(act, *TO_CLOSED)
    for action in (Action.WRITE, Action.SUBMIT, Action.FINISH, Action.CLOSE):
        with pytest.raises(PlanError, match="wrong_status"):
            act(action, "L1", TEN + 20 * MINUTE, "karena", written=None)


def test_a_returned_plan_goes_back_with_its_reason_and_counts(act, query):
    act(Action.SUBMIT, "L1", SIX)
    with pytest.raises(PlanError, match="note_missing"):
        act(Action.RETURN, "L2", SIX)
    act(Action.RETURN, "L2", SIX, "Penyebab kedua belum jelas")
    (mail,) = query("select * from ops.outbox where kind = 'plan_return'")
    assert mail["recipient"] == "lia@bank.example"
    assert "Penyebab kedua belum jelas" in mail["body_text"]
    assert "Kanal: telepon\n" in mail["body_text"] and "<td>telepon</td>" in mail["body_html"]
    assert "https://rtm.bank.example/rtm/plans/" in mail["body_text"]
    assert mail["thread"].startswith("breach-")
    act(Action.SUBMIT, "L1", TEN + 7 * MINUTE)
    plan = act(Action.VERIFY, "L2", TEN + 8 * MINUTE)
    assert plan["times_returned"] == 1
    awaiting = query("select recipient from ops.outbox where kind = 'plan_submit'")
    assert {mail["recipient"] for mail in awaiting} == {"koko@bank.example", "lukman@bank.example"}


def test_who_wrote_what_a_reopened_plan_says_does_not_verify_it(act, query):
    steps(act, *TO_CLOSED)
    plan = act(Action.REOPEN, "L2", TEN + 20 * MINUTE, "SCR turun lagi")
    assert (plan["status"], plan["author"], plan["verifier"]) == ("reopened", None, None)
    assert plan["closed_at"] is plan["done_at"] is plan["retain_until"] is None
    told = query("select recipient from ops.outbox where kind = 'plan_reopen'")
    assert {mail["recipient"] for mail in told} >= {"lia@bank.example"}
    act(Action.SUBMIT, "L2", TEN + 21 * MINUTE)
    for writer in ("L1", "L2"):
        with pytest.raises(PlanError, match="own_plan"):
            act(Action.VERIFY, writer, TEN + 22 * MINUTE)
    assert act(Action.VERIFY, "K1", TEN + 22 * MINUTE)["times_reopened"] == 1


def test_before_its_effect_is_known_a_plan_is_closed_only_with_a_reason(act):
    steps(act, *TO_DONE)
    with pytest.raises(PlanError, match="note_missing"):
        act(Action.CLOSE, "L2", TEN + 10 * MINUTE)
    assert act(Action.CLOSE, "L2", TEN + 10 * MINUTE, "Klien meminta")["status"] == "closed"


def test_what_is_missed_after_its_plan_was_closed_is_a_breach_with_a_plan_of_its_own(
    act, missed, deliver, query
):
    steps(act, *TO_CLOSED)
    ended = query("select cleared_because from ops.breach where kpi = 'scr'")
    assert ended == [{"cleared_because": "plan_closed"}]
    deliver("call", "again.csv", calls("M", TEN + 9 * MINUTE, 12, "abandoned"), TEN + 12 * MINUTE)
    run_cycle(missed, TEN + 12 * MINUTE)
    plans = query("select status from ops.recovery_plan order by plan_id")
    assert [plan["status"] for plan in plans] == ["closed", "draft"]


def test_the_audit_keeps_when_each_step_was_due_by_the_rules_of_its_time(
    act, missed, deliver, query
):
    rule = "service_code,severity,step,due_min\nKARTU,critical,{step},{minutes}\n"
    deliver("plan_rule", "first.csv", rule.format(step="submit", minutes=3), TEN + 5 * MINUTE)
    run_cycle(missed, TEN + 6 * MINUTE)
    act(Action.WRITE, "L1", TEN + 7 * MINUTE, written=content(TEN))
    act(Action.SUBMIT, "L1", TEN + 9 * MINUTE)
    # What the site says later is not held against what was done before
    deliver("plan_rule", "later.csv", rule.format(step="submit", minutes=60), TEN + 9 * MINUTE)
    run_cycle(missed, TEN + 10 * MINUTE)
    act(Action.VERIFY, "L2", TEN + 11 * MINUTE)
    (plan,) = query("select * from marts.rpt_plan_due")
    act(Action.START, "L1", TEN + 12 * MINUTE)
    due = {
        row["action"]: row["content"].get("due")
        for row in query("select action, content from ops.audit where subject = 'recovery_plan'")
    }
    # Writing takes no step
    assert due["write"] is None
    assert due["submit"] == {"step": "submit", "at": (TEN + 8 * MINUTE).isoformat()}
    assert due["start"] == {"step": "start", "at": plan["due_at"].isoformat()}
    run_cycle(missed, TEN + 13 * MINUTE)
    kpis = {
        row["indicator"]: (row["numerator"], row["denominator"])
        for row in query("select * from marts.rpt_procedure_kpi")
    }
    assert kpis["plan_submission_speed"] == (0, 1)
    assert kpis["plan_verification_speed"] == (1, 1)


def test_a_plan_that_is_not_there_is_named(missed):
    with (
        missed.warehouse.transaction(Role.APP) as connection,
        pytest.raises(UnknownPlanError, match="999"),
    ):
        read_plan(connection, 999)


def test_each_step_is_in_the_audit_with_what_it_changed(act, missed, plan_id):
    steps(act, *TO_DONE)
    with missed.warehouse.transaction(Role.APP) as connection:
        history = read_history(connection, plan_id)
        assert audit.first_broken(connection) is None
    assert [(entry["actor"], entry["action"]) for entry in history] == [
        *(("rtm", "draft"), ("L1", "submit"), ("L2", "verify"), ("L1", "start")),
        ("A1", "finish"),
    ]
    changed = history[1]["content"]["changed"]
    assert changed["status"] == ["draft", "submitted"]
    assert changed["correction"] == [None, "Alihkan ke saluran cadangan"]
    assert history[4]["content"]["note"] == "Saluran cadangan aktif sejak 10.12"


REWRITES = (
    "update ops.audit set actor = 'L9'",
    "update ops.audit set content = null",
    "update ops.audit set content = '{}'",
    "delete from ops.audit",
    "truncate ops.audit",
    "drop table ops.audit",
    "alter table ops.audit disable trigger all",
)


def test_the_pipeline_cannot_rewrite_the_audit(act, missed, query):
    act(Action.SUBMIT, "L1", SIX)
    before = query("select * from ops.audit order by 1")
    assert len(before) == 2
    for statement, role in itertools.product(REWRITES, (Role.APP, Role.TRANSFORMER)):
        with pytest.raises(DBAPIError), missed.warehouse.transaction(role) as connection:
            connection.exec_driver_sql(statement)
        assert query("select * from ops.audit order by 1") == before, statement


def test_who_gets_around_the_guard_leaves_a_broken_chain(act, missed):
    steps(act, *TO_DONE)
    changes = {
        "update ops.audit set actor = 'L9' where audit_id = 3": 3,
        "update ops.audit set content = '{}' where audit_id = 2": 2,
        "delete from ops.audit where audit_id = 2": 3,
        "delete from ops.audit where audit_id = 1": 2,
    }
    for statement, broken in changes.items():
        with missed.warehouse.engine().connect() as connection:
            connection.exec_driver_sql("alter table ops.audit disable trigger user")
            connection.exec_driver_sql("delete from ops.audit_service")
            connection.exec_driver_sql(statement)
            assert audit.first_broken(connection) == broken
            connection.rollback()


@pytest.mark.parametrize("taken", [TO_DONE, TO_CLOSED], ids=["done", "closed"])
def test_the_effect_is_proved_by_intervals_on_target_in_a_row(act, missed, deliver, query, taken):
    steps(act, *taken)
    served = [TEN + timedelta(minutes=30 * n) for n in (1, 2, 3)]
    outcomes = ("answered", "abandoned", "answered")
    for first, outcome in zip(served, outcomes, strict=True):
        deliver("call", f"{first:%H%M}.csv", calls(f"E{first:%H%M}", first, 8, outcome), first)
    run_cycle(missed, TEN + timedelta(hours=2, minutes=1))
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": None}]
    last = TEN + timedelta(hours=2)
    deliver("call", "last.csv", calls("Z", last, 8, "answered"), last + MINUTE)
    run_cycle(missed, last + 29 * MINUTE)
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": None}]
    deliver("call", "quiet.csv", CALL_HEADER, last + 31 * MINUTE)
    run_cycle(missed, last + 31 * MINUTE)
    (plan, *_) = query(
        "select is_effective, effect_known_at from ops.recovery_plan order by plan_id"
    )
    assert plan == {"is_effective": True, "effect_known_at": last + 31 * MINUTE}
    (entry,) = query("select content from ops.audit where action = 'judge'")
    assert entry["content"] == {"changed": {"is_effective": [None, True]}}


def test_few_calls_prove_an_effect_only_together(act, missed, deliver, query):
    """The target asks for five calls: one call in an interval says nothing."""
    steps(act, *TO_DONE)
    for n in range(1, 6):
        first = TEN + timedelta(minutes=30 * n)
        deliver("call", f"{n}.csv", calls(f"E{n}", first, 1, "answered"), first)
    run_cycle(missed, TEN + timedelta(minutes=30 * 5 + 31))
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": None}]
    sixth = TEN + timedelta(hours=3)
    deliver("call", "6.csv", calls("E6", sixth, 1, "answered"), sixth + 31 * MINUTE)
    run_cycle(missed, sixth + 32 * MINUTE)
    # Five calls up to the fifth interval, five up to the sixth
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": True}]


def test_half_of_an_interval_proves_nothing_while_the_rest_is_not_there(
    act, missed, deliver, query
):
    steps(act, *TO_DONE)
    for name, minute in (("first", 30), ("second", 60)):
        first = TEN + minute * MINUTE
        told = calls(name, first, 8, "answered")
        # Nothing comes after the first five minutes of the second
        deliver("call", f"{name}.csv", told, first + 5 * MINUTE)
    effect = "select is_effective from ops.recovery_plan"
    for hours in (1.6, 5):
        run_cycle(missed, TEN + timedelta(hours=hours))
        assert query(effect) == [{"is_effective": None}]
    (awaited,) = query("select told_by, is_waiting_for_data from marts.rpt_effect_awaited")
    assert awaited == {"told_by": "voice", "is_waiting_for_data": True}
    # What had been missing: nobody answered any more
    back = TEN + timedelta(hours=6)
    deliver("call", "late.csv", calls("late", TEN + 70 * MINUTE, 30, "abandoned"), back)
    run_cycle(missed, back)
    assert query(effect) == [{"is_effective": False}]


def test_a_plan_without_effect_within_its_horizon_is_told_so(act, missed, deliver, query):
    steps(act, *TO_DONE)
    for n in range(1, 9):
        first = TEN + timedelta(minutes=30 * n)
        outcome = "answered" if n % 2 else "abandoned"
        deliver("call", f"{n}.csv", calls(f"E{n}", first, 8, outcome), first)
    run_cycle(missed, TEN + timedelta(hours=4))
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": None}]
    end = TEN + timedelta(hours=4, minutes=35)
    deliver("call", "quiet.csv", CALL_HEADER, end)
    run_cycle(missed, end)
    assert query("select is_effective from ops.recovery_plan") == [{"is_effective": False}]
    mails = query("select recipient, body_text from ops.outbox where kind = 'plan_ineffective'")
    told = {mail["recipient"] for mail in mails}
    assert told == {f"{who}@bank.example" for who in ("ani", "koko", "lia", "lukman")}
    assert "tidak kembali mencapai target" in mails[0]["body_text"]
