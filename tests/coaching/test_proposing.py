"""What is proposed when: by rule, by ladder, once, and not on data that were corrected away."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from rtm import audit
from rtm.coaching import proposing
from rtm.coaching.lifecycle import Action
from rtm.cycle import run_cycle
from rtm.warehouse import Role
from tests.small_centre import MORNING


def evidence(query, coaching_id):
    rows = query(
        "select breach_id from ops.coaching_evidence where coaching_id = :c"
        " and released_at is null order by 1",
        c=coaching_id,
    )
    return [row["breach_id"] for row in rows]


def correct(floor, breach_id, because="data_corrected"):
    with floor.warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.agent_breach set cleared_at = :at, cleared_because = :because"
                " where breach_id = :breach_id"
            ),
            {"at": MORNING, "because": because, "breach_id": breach_id},
        )


def test_a_rule_proposes_once_it_is_reached_and_what_comes_then_is_evidence(
    floor, matter, follow, steps, query
):
    first = [matter(days_ago=days) for days in (29, 10)]
    assert follow() == (0, 0)
    first.append(matter(days_ago=1))
    # Too long ago for the rule, of no rule, or not standing
    matter(days_ago=30)
    matter("unheard_of")
    matter(days_ago=3, because="data_corrected")
    assert follow() == (1, 0)
    assert follow() == (0, 0)
    (step,) = steps()
    assert (step["proposed_step"], step["status"]) == ("reminder", "proposed")
    assert evidence(query, step["coaching_id"]) == first
    more = [matter(), matter("login_gap")]
    assert follow() == (0, 0)
    assert evidence(query, step["coaching_id"]) == [*first, *more]
    (mart,) = query("select * from marts.fct_coaching")
    assert (mart["evidence_count"], mart["evidence_corrected"]) == (5, 0)
    assert (mart["is_in_force"], mart["is_provisional"], mart["reason"]) == (False, True, None)
    assert mart["last_evidence_at"] == MORNING
    (entry,) = query("select * from ops.audit where subject = 'coaching'")
    assert (entry["actor"], entry["action"]) == (audit.PIPELINE, "propose")
    assert entry["content"] == {"step": "reminder"}


def test_the_days_of_a_rule_are_those_of_the_service(matter, follow):
    for days_ago in (0, 1, 29):
        matter(days_ago=days_ago)
    half_past_midnight, the_evening_before = 16.5 / 24, 14.5 / 24
    assert follow(half_past_midnight) == (0, 0), "the oldest lies 30 days back in Jakarta"
    assert follow(the_evening_before) == (1, 0)


def test_who_is_missing_counts_when_the_shift_is_over_and_each_agent_alone(
    floor, matter, follow, steps
):
    missing = matter("no_show", because=None)
    for agent in ("A1", "A2"):
        matter(agent=agent)
    assert follow() == (0, 0)
    correct(floor, missing, "over")
    assert follow() == (1, 0)
    assert [step["agent_id"] for step in steps()] == ["A1"]


def test_the_next_step_is_above_what_is_in_force_and_the_last_one_is_the_last(
    matter, follow, steps, decide
):
    expected = ["reminder", "coaching", "warning_1", "warning_2", "warning_3", "warning_3"]
    for number, step in enumerate(expected):
        matter("no_show", days_ago=number)
        assert follow() == (1, 0)
        assert steps()[-1]["proposed_step"] == step
        decide(Action.ISSUE)
        assert follow() == (0, 0)
    # All but the newest issued long ago: a month later the reminder has lapsed, the rest has not
    assert steps()[0]["lapses_at"] == MORNING + timedelta(days=30)
    assert steps()[4]["lapses_at"] == MORNING + timedelta(days=180)


def test_a_step_that_lapsed_counts_no_more_nor_does_one_that_was_dismissed(
    matter, follow, steps, decide
):
    matter("no_show")
    follow()
    decide(Action.ISSUE)
    for days, expected in ((29, "coaching"), (30, "reminder")):
        matter("no_show", days_ago=-days)
        assert follow(days) == (1, 0)
        assert steps()[-1]["proposed_step"] == expected
        decide(Action.DISMISS, note="Sakit, surat menyusul")


def test_some_rules_begin_higher_and_count_together(matter, follow, steps):
    matter("rotg", subject="two_stations")
    for days in range(5):
        matter("rotg", days, "A2", subject="acw_over_limit" if days % 2 else "left_with_waiting")
    assert follow() == (2, 0)
    assert {step["agent_id"]: step["proposed_step"] for step in steps()} == {
        "A1": "coaching",
        "A2": "reminder",
    }


def test_a_proposal_without_ground_is_withdrawn_with_the_reason_and_frees_the_rest(
    floor, matter, follow, steps, query
):
    late = [matter(days_ago=days) for days in (3, 2, 1, 0)]
    follow()
    correct(floor, late[0])
    assert follow() == (0, 0)
    (mart,) = query("select evidence_count, evidence_corrected from marts.fct_coaching")
    assert mart == {"evidence_count": 4, "evidence_corrected": 1}
    correct(floor, late[1])
    assert follow() == (0, 1)
    (step,) = steps()
    assert (step["status"], step["decided_by"]) == ("withdrawn", None)
    assert step["reason"] == (
        "late_login 2026-11-20 P: data_corrected; late_login 2026-11-21 P: data_corrected"
    )
    assert evidence(query, step["coaching_id"]) == []
    history = query("select actor, action from ops.audit where subject = 'coaching' order by 1, 2")
    assert [entry["action"] for entry in history] == ["propose", "withdraw"]
    # Two are left: with a third the rule holds again
    again = matter(days_ago=5)
    assert follow() == (1, 0)
    assert evidence(query, steps()[-1]["coaching_id"]) == [*late[2:], again]


def test_what_was_decided_stays_whatever_is_corrected(floor, matter, follow, steps, decide, query):
    absent = matter("no_show")
    follow()
    decide(Action.ISSUE)
    correct(floor, absent)
    assert follow() == (0, 0)
    assert steps()[0]["status"] == "issued"
    assert query("select evidence_corrected from marts.fct_coaching") == [{"evidence_corrected": 1}]


def test_matters_that_are_too_far_apart_do_not_keep_a_proposal(floor, matter, follow):
    absent = matter("no_show")
    late = [matter(days_ago=days) for days in (20, 10)]
    assert follow() == (1, 0)
    late.append(matter(days_ago=-15))
    follow(15)
    correct(floor, absent)
    assert follow(15) == (0, 1)


def test_a_site_states_its_own_ladder_and_rules(floor, deliver, matter, follow, steps, decide):
    ladder = (
        "service_code,step_code,step_no,step_name,step_name_indonesian,lapses_after_days,"
        "follow_up_days,is_active\n"
        ",reminder,1,Word,Peringatan lisan,10,2,\n"
        "KARTU,talk,2,Talk,Wawancara,20,5,ya\n"
        "KARTU,coaching,2,Coaching,Pembinaan,20,5,tidak\n"
        "KARTU,nonsense,0,Nothing,,20,5,ya\n"
    )
    rules = (
        "service_code,matter,occurrences,within_days,first_step,is_active\n"
        "KARTU,late_login,2,7,talk,\n"
        "KARTU,no_show,,,,tidak\n"
        "KARTU,AUX_ALLOWANCE:MAKAN,1,7,,\n"
        "KARTU,login_gap,0,,,\n"
    )
    at = MORNING + timedelta(minutes=1)
    deliver("coaching_ladder", "ladder.csv", ladder, at)
    deliver("coaching_rule", "rules.csv", rules, at)
    run_cycle(floor, at)
    matter("no_show")
    matter("aux_allowance", subject="ISTIRAHAT")
    matter("login_gap")
    assert follow() == (0, 0)
    matter()
    matter(days_ago=6)
    matter("aux_allowance", agent="A2", subject="MAKAN")
    assert follow() == (2, 0)
    assert [(step["agent_id"], step["proposed_step"]) for step in steps()] == [
        ("A1", "talk"),
        ("A2", "reminder"),
    ]
    issued = decide(Action.ISSUE)
    assert issued["lapses_at"] == MORNING + timedelta(days=10)
    assert issued["follow_up_due_at"] == MORNING + timedelta(days=2)


def test_the_cycle_proposes(floor, matter, query):
    matter("no_show")
    run_cycle(floor, MORNING + timedelta(minutes=2))
    (did,) = query(
        "select did from ops.cycle where step = 'detect_breaches' order by 1 desc limit 1"
    )
    assert (did["did"]["coaching_proposed"], did["did"]["coaching_withdrawn"]) == (1, 0)


def test_a_cycle_looks_at_the_days_of_the_rules_alone(floor):
    """Three years of matters: what is read goes by an index of their dates."""
    with floor.warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                """
                insert into ops.agent_breach
                    (breach_id, service_code, agent_id, roster_date, shift_code, matter, subject,
                     kpi, started_at, detected_at, cleared_at, cleared_because, comparator, target,
                     observed, severity, recounted_at)
                select nextval('ops.breach_breach_id_seq'), 'KARTU', 'X' || n % 50,
                    date '2026-11-23' - n / 50, 'P', 'late_login', '', 'login_compliance',
                    :at, :at, :at, 'over', '<=', 300, 900, 'warning', :at
                from generate_series(0, 50000) as n
                """
            ),
            {"at": MORNING},
        )
    with floor.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("analyze ops.agent_breach")
    asked = {"as_of": MORNING, "since": MORNING.date() - timedelta(days=30)}
    with floor.warehouse.engine().connect() as connection:
        for statement in (proposing.PROPOSE, proposing.ATTACH):
            plan = connection.execute(text(f"explain (format text) {statement.text}"), asked)
            told = "\n".join(plan.scalars())
            # By date, or by agent and date
            assert "agent_breach matter" in told, told
            assert "Seq Scan on agent_breach" not in told, told
            assert "roster_date > '2026-10-24'" in told, told
