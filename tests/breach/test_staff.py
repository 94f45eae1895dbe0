"""Attendance and staffing of a service, as they stand, and peaks that somebody expects."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import run_cycle
from rtm.warehouse import Role
from tests.small_centre import (
    CALL_HEADER,
    DAY,
    MORNING,
    REFERENCE,
    call,
    deliver_reference,
    roster,
)

MINUTE = timedelta(minutes=1)
EVENTS = "event_id,occurred_at,agent_id,event\n"
PEAKS = "peak_id,service_code,channel,kpi,start_at,end_at,reason,approved_by\n"


@pytest.fixture
def look(system, deliver, query):
    """Runs a cycle at a minute after eight, with these people logging in; gives open breaches."""
    deliver_reference(deliver)
    targets = REFERENCE["kpi_target"] + (
        "KARTU,all,attendance,>=,90,60,,,2026-01-01\nKARTU,all,staffing,>=,100,,,,2026-01-01\n"
    )
    deliver("kpi_target", "targets.csv", targets, MORNING - timedelta(days=1))
    deliver("roster", "roster.csv", roster(2), MORNING - timedelta(days=1))
    needs = "".join(f"KARTU,{DAY}T{hour:02}:{m:02},2\n" for hour in range(8, 17) for m in (0, 30))
    header = "service_code,interval_start,required_agents\n"
    deliver("staffing_requirement", "needs.csv", header + needs, MORNING - timedelta(days=1))

    def run(minute, *agents):
        at = MORNING + minute * MINUTE
        events = "".join(f"{agent}{minute},{at.isoformat()},{agent},login\n" for agent in agents)
        deliver("agent_event", f"events_{minute:04}.csv", EVENTS + events, at)
        run_cycle(system, at)
        found = query(
            "select kpi, numerator, denominator, cleared_because from marts.fct_breach"
            " where scope = 'service' and kpi in ('attendance', 'staffing') order by breach_id"
        )
        return [tuple(row.values()) for row in found]

    return run


def test_a_service_without_its_people_is_told_when_that_lasts_and_clears(look, query):
    look(-5, "L1", "A1")
    look(1)
    # A1 is there, A2 is not; the real-time function answers no calls.
    (now,) = query("select * from marts.rpt_staff_now")
    assert (now["attendance_numerator"], now["attendance_denominator"]) == (2, 2)
    assert (now["staffing_numerator"], now["staffing_denominator"]) == (1, 2)
    assert look(9) == []
    assert look(16) == [("staffing", 1, 2, None)]
    for minute in (31, 36):
        assert look(minute)[1:] == []
    (_, missing) = look(41)
    assert missing == ("attendance", 2, 3, None)
    (plan,) = query(
        "select plan.facts from ops.recovery_plan as plan"
        " inner join ops.breach using (breach_id) where kpi = 'attendance'"
    )
    assert plan["facts"]["absent_agents"] == ["A2"]
    for minute in (45, 50, 55, 61, 70, 76, 80):
        breaches = look(minute, "A1", "A2")
    assert [breach[3] for breach in breaches] == ["met", "met"]


def test_what_tells_something_only_over_a_day_is_held_against_the_day_so_far(look, deliver, query):
    targets = REFERENCE["kpi_target"] + "".join(
        f"KARTU,all,{kpi},>=,95,,,,2026-01-01\n" for kpi in ("login_compliance", "adherence")
    )
    deliver("kpi_target", "of_the_day.csv", targets, MORNING - 30 * MINUTE)

    def told(mart):
        rows = query(f"select * from marts.{mart} where kpi in ('login_compliance', 'adherence')")
        return {row["kpi"]: row for row in rows}

    look(-5, "L1")
    look(60, "A1")
    look(240)
    now = told("rpt_kpi_today")
    # L1 was there for four hours, A1 for three, A2 for none
    assert now["adherence"]["observed"] == pytest.approx(100 * 7 / 12)
    assert now["adherence"]["verdict"] == "missed"
    # Nobody's shift is over
    assert (now["login_compliance"]["observed"], now["login_compliance"]["verdict"]) == (
        *(None, "none"),
    )
    assert told("rpt_kpi_now")["adherence"]["window_min"] == 12 * 60
    look(9 * 60 + 1)
    look(9 * 60 + 6)
    # A1 came an hour late, A2 not at all
    assert told("rpt_kpi_now")["login_compliance"]["observed"] == pytest.approx(100 / 3)
    days = query(
        "select kpi, value, target from marts.rpt_kpi_day"
        " where kpi in ('login_compliance', 'adherence') and local_date = :day",
        day=DAY,
    )
    assert {row["kpi"]: (row["value"], row["target"]) for row in days} == {
        "login_compliance": (pytest.approx(100 / 3), 95),
        "adherence": (pytest.approx(100 * 17 / 27), 95),
    }
    breaches = query("select kpi from marts.fct_breach where scope = 'service'")
    assert not {row["kpi"] for row in breaches} & {"login_compliance", "adherence"}
    # Tomorrow is another day
    look(20 * 60)
    assert told("rpt_kpi_now")["adherence"]["observed"] is None


def test_the_breach_of_a_shift_that_is_over_has_not_been_met(look):
    look(-5, "L1")
    for minute in (1, 31, 41):
        look(minute, "A1")
    for minute in range(9 * 60, 9 * 60 + 30, 9):
        breaches = look(minute, "A1")
    assert sorted(breach[::3] for breach in breaches) == [
        ("attendance", "target_ended"),
        ("staffing", "target_ended"),
    ]


def test_who_had_come_after_all_takes_the_breach_back(look, query, deliver):
    look(-5, "L1", "A1")
    for minute in (1, 9, 16, 31, 36, 41):
        look(minute)
    # The system of agents tells late that A2 was there from eight on
    late = f"A2late,{MORNING.isoformat()},A2,login\n"
    deliver("agent_event", "late.csv", EVENTS + late, MORNING + 44 * MINUTE)
    assert [reason for *_, reason in look(60)] == ["data_corrected", "data_corrected"]
    notes = query("select content ->> 'note' as note from ops.audit where action = 'withdraw'")
    assert sorted(entry["note"] for entry in notes) == [
        "50.00 (1/2) -> 100.00 (2/2)",
        "66.67 (2/3) -> 100.00 (3/3)",
    ]


@pytest.mark.parametrize("comes", [True, False])
def test_a_plan_for_missing_people_is_judged_by_the_intervals_after_it(look, query, system, comes):
    look(-5, "L1", "A1")
    for minute in (1, 9, 16, 31, 36, 41):
        look(minute)
    with system.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(
            "update ops.recovery_plan set status = 'done', horizon_min = 60,"
            f" done_at = '{(MORNING + 45 * MINUTE).isoformat()}'"
        )
    look(55, *(["A2"] if comes else []))
    for minute in (61, 89, 119):
        look(minute)
    judged = "select kpi, is_effective from ops.recovery_plan join ops.breach using (breach_id)"
    assert [plan["is_effective"] for plan in query(judged)] == [None, None]
    look(121)
    assert [plan["is_effective"] for plan in query(judged)] == [comes, comes]


def test_a_plan_for_missing_people_waits_for_states_that_are_behind(look, query, deliver, system):
    look(-5, "L1", "A1")
    for minute in (1, 9, 16, 31, 36, 41):
        look(minute)
    with system.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(
            "update ops.recovery_plan set status = 'done', horizon_min = 60,"
            f" done_at = '{(MORNING + 45 * MINUTE).isoformat()}'"
        )
    look(50)
    judged = (
        "select is_effective from ops.recovery_plan inner join ops.breach using (breach_id)"
        " where kpi in ('attendance', 'staffing')"
    )
    waits = "select told_by, told_until, is_waiting_for_data from marts.rpt_effect_awaited"

    def waiting(told_until, is_waiting):
        row = {"told_by": "agents", "told_until": told_until, "is_waiting_for_data": is_waiting}
        return [row, row]

    # Nothing comes any more, long after the horizon as well
    for minute, is_waiting in ((100, False), (121, True), (20 * 60, True), (49 * 60, True)):
        run_cycle(system, MORNING + minute * MINUTE)
        assert query(judged) == [{"is_effective": None}] * 2
        assert query(waits) == waiting(MORNING + 50 * MINUTE, is_waiting)
    # Then it is told that A2 came before nine
    back = MORNING + timedelta(hours=50)
    rows = f"late,{(MORNING + 55 * MINUTE).isoformat()},A2,login\n"
    rows += f"now,{back.isoformat()},A1,login\n"
    deliver("agent_event", "late.csv", EVENTS + rows, back)
    run_cycle(system, back)
    assert query(judged) == [{"is_effective": True}] * 2
    assert query(waits) == []


def test_no_margin_asks_for_more_than_all(look, deliver):
    rules = "service_code,kpi,clear_margin\nKARTU,attendance,20\nKARTU,staffing,20\n"
    deliver("breach_rule", "rules.csv", rules, MORNING - timedelta(hours=1))
    look(-5, "L1", "A1")
    for minute in (1, 16, 31, 41):
        look(minute)
    for minute in (45, 61, 76):
        breaches = look(minute, "A1", "A2")
    assert [breach[::3] for breach in breaches] == [("staffing", "met"), ("attendance", "met")]


def test_in_its_first_minute_an_interval_says_nothing_of_who_is_there(look, query):
    look(-5, "L1", "A1")
    look(1)
    # At half past eight the breach opens, by the half hour before
    assert look(30)[0] == ("staffing", 1, 2, None)
    (now,) = query("select interval_start, staffing_numerator from marts.rpt_staff_now")
    assert now == {"interval_start": MORNING, "staffing_numerator": 1}
    # Counted again it is the same
    look(36)
    assert look(41)[0] == ("staffing", 1, 2, None)
    (now,) = query("select interval_start from marts.rpt_staff_now")
    assert now["interval_start"] == MORNING + 30 * MINUTE


def test_a_peak_that_somebody_expects_silences_only_what_it_names(system, deliver, query):
    deliver_reference(deliver)
    targets = REFERENCE["kpi_target"] + "KARTU,voice,abandon_rate,<=,5,,,5,2026-01-01\n"
    deliver("kpi_target", "targets.csv", targets, MORNING - timedelta(days=1))
    rules = "service_code,kpi,is_active\nKARTU,abandon_rate,ya\n"
    deliver("breach_rule", "rules.csv", rules, MORNING - timedelta(days=1))
    peaks = PEAKS + (
        f"P1,KARTU,voice,scr,{DAY}T08:00,{DAY}T09:00,gangguan ATM diumumkan,K1\n"
        # Without a name behind it, of another channel, over already
        f"P2,KARTU,voice,abandon_rate,{DAY}T08:00,{DAY}T09:00,tidak disetujui,\n"
        f"P3,KARTU,chat,abandon_rate,{DAY}T08:00,{DAY}T09:00,kanal lain,K1\n"
        f"P4,KARTU,,abandon_rate,{DAY}T07:00,{DAY}T08:10,lewat,K1\n"
    )
    deliver("expected_peak", "peaks.csv", peaks, MORNING - timedelta(days=1))

    def lose(minute):
        at = MORNING + minute * MINUTE
        lost = (call(f"L{minute}-{n}", at - MINUTE, "abandoned", 30) for n in range(12))
        deliver("call", f"lost_{minute}.csv", CALL_HEADER + "".join(lost), at)
        run_cycle(system, at)
        return [row["kpi"] for row in query("select kpi from ops.breach order by breach_id")]

    assert lose(20) == ["abandon_rate"]
    (watched,) = query("select * from marts.rpt_kpi_watch where kpi = 'scr'")
    assert (watched["is_missed"], watched["expected_peak_id"]) == (True, "P1")
    assert watched["expected_until"] == MORNING + 60 * MINUTE
    assert lose(59) == ["abandon_rate"]
    # What is still missed when the peak should be over is a breach.
    assert lose(60) == ["abandon_rate", "scr"]
