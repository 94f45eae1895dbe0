"""What the cycle does with plans: withdraws what corrected data take away, reminds, escalates,
removes at the end of the retention."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import sleep

import pytest

from rtm import audit
from rtm.cycle import run_cycle
from rtm.notify import ON_PAPER, Mail, queue_mails, send_due
from rtm.recovery import Change, change_plan, remove_expired
from rtm.recovery.changing import lock_plan
from rtm.recovery.lifecycle import Action
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN, calls, content
from tests.recovery.test_changing import TO_CLOSED, TO_DONE, steps
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call, deliver_reference

YEARS_LATER = datetime(2028, 11, 25, tzinfo=UTC)


def corrected():
    """The same calls, delivered anew: they were answered after all."""
    rows = calls("L", TEN, 12, "answered").removeprefix(CALL_HEADER)
    return CALL_HEADER + rows


def on_paper(system):
    return dataclasses.replace(system.settings, smtp_url=ON_PAPER)


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
    mails = query("select recipient, body_text from ops.outbox where kind = 'plan_withdraw'")
    assert {mail["recipient"] for mail in mails} == set(told(query, "breach"))
    assert "0.00 (0/12) -> 100.00 (12/12)" in mails[0]["body_text"]
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
    assert "0 / 12 (berhasil / masuk; 12 masih menunggu)" in mail["body_text"]
    queue_up(deliver, "answered.csv", "answered", waited_s, TEN + 5 * MINUTE)
    for minute in (5, 13):
        run_cycle(system, TEN + minute * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": status}]


def test_a_plan_that_is_carried_out_is_not_withdrawn(missed, act, deliver, query):
    steps(act, *TO_DONE)
    deliver("call", "corrected.csv", corrected(), TEN + 11 * MINUTE)
    run_cycle(missed, TEN + 30 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "done"}]


def test_a_plan_that_was_carried_out_is_not_withdrawn_after_it_was_reopened(
    missed, act, deliver, query
):
    steps(act, *TO_DONE, (Action.REOPEN, "L1", "belum cukup"), (Action.SUBMIT, "L1", None))
    deliver("call", "corrected.csv", corrected(), TEN + 11 * MINUTE)
    run_cycle(missed, TEN + 30 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "submitted"}]


@pytest.mark.parametrize(
    ("kpi", "channel", "threshold", "longer"),
    [("response_time", "chat", "60", 120), ("service_level", "voice", "", 120)],
    ids=["stated", "usual"],
)
def test_a_new_threshold_takes_no_breach_back_that_was_found_by_the_old_one(
    system, deliver, query, kpi, channel, threshold, longer
):
    deliver_reference(deliver)
    header = REFERENCE["kpi_target"].splitlines()[0]
    target = f"{header}\nKARTU,{channel},{kpi},>=,90,,{threshold},,2026-01-01\n"
    deliver("kpi_target", "target.csv", target, MORNING)
    rule = f"service_code,kpi,is_active\nKARTU,{kpi},ya\n"
    deliver("breach_rule", "rules.csv", rule, MORNING)
    if channel == "chat":
        answered = (TEN + timedelta(seconds=90)).isoformat()
        rows = (f"V{n},KARTU,chat,{TEN.isoformat()},{answered}\n" for n in range(20))
        deliver("conversation", "slow.csv", CONVERSATIONS + "".join(rows), TEN + 2 * MINUTE)
    else:
        slow = (call(f"S{n}", TEN, "answered", 90) for n in range(20))
        deliver("call", "slow.csv", CALL_HEADER + "".join(slow), TEN + 2 * MINUTE)
    run_cycle(system, TEN + 2 * MINUTE)
    assert query("select kpi from ops.breach") == [{"kpi": kpi}]
    tomorrow = TEN.date() + timedelta(days=1)
    another = f"{target}KARTU,{channel},{kpi},>=,90,,{longer},,{tomorrow}\n"
    deliver("kpi_target", "longer.csv", another, TEN + timedelta(hours=20))
    run_cycle(system, TEN + timedelta(hours=20))
    now = f"select threshold_s from intermediate.int_watched_kpi where kpi = '{kpi}'"
    assert query(now) == [{"threshold_s": longer}]
    plan = (
        "select status from ops.recovery_plan join ops.breach using (breach_id)"
        f" where kpi = '{kpi}'"
    )
    assert query(plan) == [{"status": "draft"}]


def test_a_target_that_is_corrected_for_its_day_takes_the_breach_back(missed, deliver, query):
    lower = REFERENCE["kpi_target"].replace("scr,>=,95,80", "scr,>=,0,")
    deliver("kpi_target", "corrected.csv", lower, TEN + 9 * MINUTE)
    run_cycle(missed, TEN + 16 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "withdrawn"}]
    (entry,) = query("select content from ops.audit where action = 'withdraw'")
    assert entry["content"]["note"] == "0.00 (0/12) -> 0.00 (0/12); 95.00 -> 0.00"


CONVERSATIONS = "conversation_id,service_code,channel,received_at,first_response_at\n"


def test_a_waiting_list_that_was_answered_after_all_is_taken_back(system, deliver, query):
    deliver_reference(deliver)
    target = REFERENCE["kpi_target"].splitlines()[0]
    target += "\nKARTU,chat,waiting_list,<=,2,,,,2026-01-01\n"
    deliver("kpi_target", "waiting.csv", target, MORNING)
    rules = "service_code,kpi,is_active\nKARTU,waiting_list,ya\nKARTU,response_time,tidak\n"
    deliver("breach_rule", "rules.csv", rules, MORNING)

    def chats(file, at, answered=""):
        rows = (f"V{n},KARTU,chat,{TEN.isoformat()},{answered}\n" for n in range(5))
        deliver("conversation", file, CONVERSATIONS + "".join(rows), at)

    chats("open.csv", TEN + MINUTE)
    for minute in (1, 7):
        run_cycle(system, TEN + minute * MINUTE)
    (breach,) = query("select kpi, observed from ops.breach")
    assert breach == {"kpi": "waiting_list", "observed": 5}
    # It is looked at again, and stays as long as the data say so
    run_cycle(system, TEN + 18 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "draft"}]
    chats("late.csv", TEN + 19 * MINUTE, (TEN + MINUTE).isoformat())
    run_cycle(system, TEN + 29 * MINUTE)
    assert query("select status from ops.recovery_plan") == [{"status": "withdrawn"}]
    (entry,) = query("select content from ops.audit where action = 'withdraw'")
    assert entry["content"]["note"] == "5.00 (5/1) -> 0.00 (0/1)"


def test_the_pipeline_and_a_person_who_writes_do_not_block_each_other(missed, deliver, query):
    def chats(file, minute, answered=""):
        rows = (f"V{n},KARTU,chat,{TEN.isoformat()},{answered}\n" for n in range(12))
        deliver("conversation", file, CONVERSATIONS + "".join(rows), TEN + minute * MINUTE)

    chats("overdue.csv", 6)
    run_cycle(missed, TEN + 7 * MINUTE)
    deliver("call", "corrected.csv", corrected(), TEN + 9 * MINUTE)
    chats("answered.csv", 9, (TEN + MINUTE / 2).isoformat())
    (_, second) = query("select plan_id from ops.recovery_plan order by 1")
    with ThreadPoolExecutor(1) as pool, missed.warehouse.transaction(Role.APP) as connection:
        plan = lock_plan(connection, second["plan_id"])
        cycle = pool.submit(run_cycle, missed, TEN + 18 * MINUTE)
        while not query("select from pg_locks where not granted"):
            assert not cycle.done()
            sleep(0.05)
        at = TEN + 18 * MINUTE
        change = Change(Action.WRITE, "L1", at, plan["revision"], content(at))
        change_plan(connection, missed.settings, plan["plan_id"], change)
        connection.commit()
        cycle.result(timeout=60)
    plans = query("select status from ops.recovery_plan order by plan_id")
    assert [plan["status"] for plan in plans] == ["withdrawn", "withdrawn"]


def test_what_becomes_critical_is_due_sooner_and_stays_critical(system, deliver, query):
    deliver_reference(deliver)
    first = TEN - 25 * MINUTE
    # 174 of 200 answered: missed, and not by as much as is critical
    rows = (
        call(f"M{n}", first + n * timedelta(seconds=7), "blocked" if n % 8 == 0 else "answered")
        for n in range(200)
    )
    deliver("call", "mild.csv", CALL_HEADER + "".join(rows), TEN - MINUTE)
    run_cycle(system, TEN)
    (breach,) = query("select * from marts.fct_breach")
    assert (breach["severity"], breach["severity_since"]) == ("warning", TEN)
    (due,) = query("select * from marts.rpt_plan_due")
    assert due["due_at"] == TEN + 30 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN + 2 * MINUTE, 20, "abandoned"), TEN + 6 * MINUTE)
    run_cycle(system, TEN + 6 * MINUTE)
    (breach,) = query("select * from marts.fct_breach")
    assert (breach["severity"], breach["severity_since"]) == ("critical", TEN + 6 * MINUTE)
    (due,) = query("select * from marts.rpt_plan_due")
    assert due["due_at"] == TEN + 21 * MINUTE, "fifteen minutes from when it became critical"
    mail, *_ = query("select subject, body_text from ops.outbox where kind = 'breach_worse'")
    assert "kini kritis" in mail["subject"]
    assert "Kritis sejak: 23/11/2026 10:06 WIB" in mail["body_text"]
    deliver("call", "met.csv", calls("N", TEN + 7 * MINUTE, 60, "answered"), TEN + 18 * MINUTE)
    run_cycle(system, TEN + 18 * MINUTE)
    assert query("select severity from ops.breach") == [{"severity": "critical"}]
    assert told(query, "breach_worse") == ["koko@bank.example", "lia@bank.example"]


def test_a_site_says_itself_how_severe_a_miss_is(system, deliver, query):
    deliver_reference(deliver)
    rule = "service_code,kpi,severity\nKARTU,scr,warning\n"
    deliver("breach_rule", "rules.csv", rule, MORNING)
    deliver("call", "lost.csv", calls("L", TEN, 12, "abandoned"), TEN + 5 * MINUTE)
    for minute in (5, 6):
        run_cycle(system, TEN + minute * MINUTE)
        assert query("select severity from ops.breach") == [{"severity": "warning"}]


def test_the_due_time_of_a_worsened_breach_is_never_later_than_before(missed, query):
    with missed.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(
            "update ops.breach set severity_since = detected_at + interval '20 minutes'"
        )
    (due,) = query("select * from marts.rpt_plan_due")
    assert due["due_at"] == TEN + 35 * MINUTE, "as a warning it was due then"


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
    assert told(query, "plan_due") == ["lia@bank.example", "lukman@bank.example"]
    assert told(query, "plan_escalation") == []
    for minute in (20, 21):
        run_cycle(missed, TEN + minute * MINUTE)
    assert told(query, "plan_escalation") == ["koko@bank.example"]
    (due,) = query("select * from marts.rpt_plan_due")
    assert (due["step"], due["is_overdue"]) == ("submit", True)


def test_the_second_leader_of_a_team_is_reminded_to_verify_what_the_first_wrote(missed, act, query):
    act(Action.SUBMIT, "L1", TEN + 6 * MINUTE)
    run_cycle(missed, TEN + 30 * MINUTE)
    assert told(query, "plan_due") == ["lukman@bank.example"]


def test_whoever_can_take_the_next_step_is_reminded(missed, act, deliver, query):
    act(Action.WRITE, "L2", TEN + 6 * MINUTE, written=content(TEN))
    act(Action.SUBMIT, "L1", TEN + 6 * MINUTE)
    # Both team leaders wrote it: verification is for the coordinator
    run_cycle(missed, TEN + 30 * MINUTE)
    assert told(query, "plan_due") == ["koko@bank.example"]
    act(Action.VERIFY, "K1", TEN + 31 * MINUTE)
    run_cycle(missed, TEN + 55 * MINUTE)
    assert told(query, "plan_due") == ["ani@bank.example", "koko@bank.example", "lia@bank.example"]


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


def test_minutes_go_by_while_the_service_is_open(missed, deliver, query):
    hours = "service_code,service_name,client_name,timezone,opening_hours\n"
    hours += "KARTU,Kartu Kredit,Bank,Asia/Jakarta,Mo-Fr 08:00-10:10\n"
    deliver("service", "hours.csv", hours, TEN + 6 * MINUTE)
    run_cycle(missed, TEN + 7 * MINUTE)
    (due,) = query("select * from marts.rpt_plan_due")
    # Detected at 10:05, critical: five of its 15 minutes are left today
    assert due["due_at"] == TEN + timedelta(days=1) - timedelta(hours=2) + 10 * MINUTE
    assert due["remind_at"] == due["due_at"] - 5 * MINUTE
    run_cycle(missed, TEN + 30 * MINUTE)
    assert told(query, "plan_escalation") == []


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
    steps(act, *TO_CLOSED)
    send_due(missed.warehouse, on_paper(missed), TEN + 20 * MINUTE)
    assert told(query, "digest"), "some of its mails went out together"
    for at in (datetime(2028, 11, 23, tzinfo=UTC), TEN):
        assert remove_expired(missed.warehouse, at) == 0
    assert remove_expired(missed.warehouse, YEARS_LATER) == 1
    assert query("select * from ops.recovery_plan") == []
    assert query("select * from ops.breach") == []
    assert query("select * from ops.outbox") == []
    kept = query("select * from ops.audit where subject_id = :plan order by audit_id", plan=plan_id)
    assert [entry["action"] for entry in kept][-1] == "remove"
    assert all(entry["content"] is None for entry in kept[:-1])
    assert kept[-1]["content"]["kept_until"] == "2028-11-23"
    with missed.warehouse.transaction(Role.APP) as connection:
        assert audit.first_broken(connection) is None
    run_cycle(missed, TEN + 30 * MINUTE)
    assert query("select * from ops.recovery_plan") == []


def test_what_went_out_in_a_digest_with_a_removed_plan_keeps_its_proof(missed, act, query):
    steps(act, *TO_CLOSED)
    other = {
        "service_name": "Kartu",
        "roster_date": "24/11",
        "due_text": "17:00",
        "lacks_text": "-",
    }
    with missed.warehouse.transaction(Role.APP) as connection:
        mail = Mail("roster_due", "other", "koko@bank.example", {**other, "link": ""}, "other")
        queue_mails(connection, [mail], "id", TEN)
    send_due(missed.warehouse, on_paper(missed), TEN + 20 * MINUTE)
    (digest,) = query(
        "select digest.* from ops.outbox as mail join ops.outbox as digest"
        " on digest.mail_id = mail.digest_id where mail.thread = 'other'"
    )
    assert remove_expired(missed.warehouse, YEARS_LATER) == 1
    (kept,) = query("select * from ops.outbox")
    assert (kept["thread"], kept["sent_at"]) == ("other", digest["sent_at"])
    assert kept["smtp_answer"].endswith(digest["smtp_answer"])


def test_a_plan_on_legal_hold_is_kept_until_it_is_released(missed, act, query):
    steps(act, *TO_CLOSED)
    act(Action.HOLD, "K1", TEN + 20 * MINUTE, "Perkara 12/2026")
    assert remove_expired(missed.warehouse, YEARS_LATER) == 0
    act(Action.RELEASE, "K1", TEN + 21 * MINUTE, "Perkara selesai")
    assert remove_expired(missed.warehouse, YEARS_LATER) == 1
