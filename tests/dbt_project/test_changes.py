"""What arrives late or changes afterwards: the marts end as if it had been known from the start.

Each scenario is compared with a rebuild of everything, and with what a person would count.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts
from rtm.running_dbt import ModelError
from tests.small_centre import CALL_HEADER, DAY, MORNING, REFERENCE, call, roster

MINUTE = timedelta(minutes=1)
MARTS = (
    *("dim_agent", "dim_kpi_target", "dim_service", "dim_team"),
    *("dim_agent_history", "dim_kpi_target_history", "dim_service_history", "dim_team_history"),
    "fct_adherence_interval",
    "fct_attendance",
    "fct_aux_usage",
    "fct_login_compliance",
    "fct_response_time_interval",
    "fct_roster_evaluation",
    "fct_scr_interval",
)
EVENTS = "event_id,occurred_at,agent_id,event,source\n"
EXCEPTIONS = "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
MAKASSAR = REFERENCE["service"].replace("Asia/Jakarta", "Asia/Makassar")


@pytest.fixture
def centre(fill):
    """The small centre with its roster; brings its marts to each of so many minutes after the
    morning."""

    def run(*minutes):
        for minute in minutes:
            fill(MORNING + minute * MINUTE)

    return run


@pytest.fixture
def statuses(query):
    def read():
        rows = query("select agent_id, status from marts.fct_attendance where shift_code = 'P'")
        return {row["agent_id"]: row["status"] for row in rows}

    return read


@pytest.fixture
def as_if_rebuilt(system, query):
    """Rebuilds everything at the same clock; the marts must not notice."""

    def check():
        def marts():
            return {mart: sorted(map(repr, query(f"select * from marts.{mart}"))) for mart in MARTS}

        incremental = marts()
        assert any(incremental.values())
        (clock,) = query("select as_of from ops.clock")
        with system.warehouse.engine().begin() as connection:
            connection.execute(text("update ops.clock set needs_rebuild = true"))
        build_marts(system, clock["as_of"])
        assert marts() == incremental

    return check


def test_a_corrected_time_zone_moves_all_naive_times(
    centre, deliver, query, statuses, as_if_rebuilt
):
    naive = call("C1", MORNING, "blocked").replace("+00:00", "").replace("T01:", "T08:")
    deliver("call", "calls.csv", CALL_HEADER + naive, MORNING)
    deliver("agent_event", "e.csv", EVENTS + "1,2026-11-23T08:00:00,A1,login,pbx\n", MORNING)
    centre(1, 70)
    deliver("service", "service2.csv", MAKASSAR, MORNING + 80 * MINUTE)
    centre(81)
    (interval,) = query("select interval_start, offered from marts.fct_scr_interval")
    assert interval["offered"] == 1
    assert interval["interval_start"] == MORNING - timedelta(hours=1)
    assert statuses()["A1"] == "present"
    as_if_rebuilt()


def test_an_agent_who_appears_after_his_alias_brings_his_zone(
    centre, deliver, query, as_if_rebuilt
):
    deliver("service", "far.csv", MAKASSAR.replace("KARTU", "MKS"), MORNING)
    team = "team_code,team_name,service_code,team_leader_id,coordinator_id\nT9,Tim,MKS,L9,K9\n"
    deliver("team", "far.csv", team, MORNING)
    alias = "source,external_id,agent_id\npbx,X9,B1\n"
    deliver("agent_alias", "alias.csv", alias, MORNING)
    deliver("agent_event", "e.csv", EVENTS + "1,2026-11-23T08:00:00,X9,login,pbx\n", MORNING)
    centre(1)
    person = "agent_id,agent_name,role,team_code,active_from\nB1,Bob,agent,T9,2026-01-01\n"
    deliver("agent", "late.csv", person, MORNING + 5 * MINUTE)
    centre(6)
    (row,) = query("select first_login_at from marts.fct_attendance where agent_id = 'B1'")
    assert row["first_login_at"] == MORNING - timedelta(hours=1)
    as_if_rebuilt()


def test_an_event_whose_last_version_is_found_in_an_older_file_falls_back(
    centre, deliver, query, statuses, as_if_rebuilt
):
    """The version of 08:30 was found again in a file of 08:02 and dropped as its repetition: it
    was said before that of 08:20, which holds again."""

    def login(moment):
        return f"{EVENTS}1,{moment.isoformat()},A1,login,pbx\n"

    on_time, late = login(MORNING), login(MORNING + 10 * MINUTE)
    deliver("agent_event", "first.csv", on_time, MORNING + 20 * MINUTE)
    deliver("agent_event", "second.csv", late, MORNING + 30 * MINUTE)
    centre(31)
    assert statuses()["A1"] == "late"
    deliver("agent_event", "found.csv", late + "\n", MORNING + 2 * MINUTE)
    # Neither holds: it says something else of 08:25, between the two
    deliver("agent_event", "other.csv", login(MORNING + 5 * MINUTE), MORNING + 19 * MINUTE)
    centre(40)
    assert statuses()["A1"] == "present"
    (row,) = query("select first_login_at from marts.fct_attendance where agent_id = 'A1'")
    assert row["first_login_at"] == MORNING
    as_if_rebuilt()


def exception(agent, approved_by, updated_at):
    span = f"{DAY}T08:00:00,{DAY}T17:00:00"
    return f"{EXCEPTIONS}X1,{agent},{span},cuti,{approved_by},{updated_at}\n"


def test_an_exception_that_moves_to_another_agent_leaves_the_first(
    centre, deliver, statuses, as_if_rebuilt
):
    deliver("exception", "x1.csv", exception("A1", "L1", f"{DAY}T07:00:00"), MORNING)
    centre(5)
    assert statuses()["A1"] == "excused"
    deliver("exception", "x2.csv", exception("A2", "L1", f"{DAY}T08:30:00"), MORNING + 40 * MINUTE)
    centre(45)
    assert statuses() == {"A1": "no_show", "A2": "excused", "L1": "no_show"}
    as_if_rebuilt()


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_naive_updated_at_is_read_in_the_zone_of_the_agents_service(
    centre, deliver, statuses, as_if_rebuilt, order
):
    """10:00 in Jakarta is earlier than 09:00 in UTC, whichever came first."""
    versions = {
        1: exception("A2", "L1", f"{DAY}T10:00:00"),
        2: exception("A2", "", f"{DAY}T09:00:00+00:00"),
    }
    for minute, version in enumerate(order):
        deliver("exception", f"x{minute}.csv", versions[version], MORNING + (200 + minute) * MINUTE)
    centre(200, 201, 202)
    assert statuses()["A2"] == "no_show"
    as_if_rebuilt()


def test_a_version_delivered_again_holds_again(centre, deliver, statuses, as_if_rebuilt):
    """Without updated_at the latest delivery of an exception holds."""
    for minute, approved_by in enumerate(("L1", "", "L1")):
        deliver(
            "exception",
            f"x{minute}.csv",
            exception("A2", approved_by, ""),
            MORNING + minute * MINUTE,
        )
        centre(minute)
        assert statuses()["A2"] == ("excused" if approved_by else "pending")
    as_if_rebuilt()


def test_opening_hours_that_overlap_count_once(centre, deliver, query, as_if_rebuilt):
    header = REFERENCE["service"].splitlines()[0] + ",opening_hours\n"
    hours = '"Mo-Su 08:00 - 12:00, 07:30-17:00"'
    deliver("service", "s.csv", f"{header}KARTU,K,B,Asia/Jakarta,{hours}\n", MORNING)
    received, answered = MORNING - timedelta(hours=2), MORNING + 10 * MINUTE
    deliver(
        "conversation",
        "c.csv",
        "conversation_id,service_code,channel,received_at,first_response_at\n"
        f"V1,KARTU,chat,{received.isoformat()},{answered.isoformat()}\n",
        MORNING + 10 * MINUTE,
    )
    centre(10)
    rows = query("select avg_first_response_s from marts.fct_response_time_interval")
    assert {"avg_first_response_s": 40 * 60.0} in rows
    as_if_rebuilt()


REQUIREMENT = (
    "service_code,interval_start,required_agents,forecast_offered,forecast_aht_s\n"
    f"KARTU,{DAY}T08:00,3,40,240\nKARTU,{DAY}T08:30,1,,\nKARTU,{DAY}T20:00,1,,\n"
)


def test_the_roster_is_held_against_what_is_required_and_who_came(
    centre, deliver, query, as_if_rebuilt
):
    """A1 and A2 are rostered, L1 is the RTFM; A1 logs in at 08:10 and takes a break at 08:20."""
    deliver("staffing_requirement", "need.csv", REQUIREMENT, MORNING - timedelta(days=1))
    rows = [
        f"1,{DAY}T08:10:00,A1,login,,",
        f"2,{DAY}T08:20:00,A1,state,aux,ISTIRAHAT",
        f"3,{DAY}T08:25:00,A1,state,ready,",
    ]
    events = "event_id,occurred_at,agent_id,event,state,aux_code\n" + "\n".join(rows) + "\n"
    deliver("agent_event", "events.csv", events, MORNING + 40 * MINUTE)
    centre(-60, 45)

    def evaluated():
        return {
            row.pop("hour"): tuple(row.values())
            for row in query(
                "select to_char(interval_start at time zone 'Asia/Jakarta', 'HH24:MI') as hour,"
                " required, rostered, present, understaffed_s, coverage_pct, shrinkage_numerator,"
                " shrinkage_denominator, is_provisional"
                " from marts.fct_roster_evaluation order by interval_start"
            )
        }

    found = evaluated()
    present = 20 * 60 / 1800
    assert found["08:00"] == pytest.approx(
        (3, 2, present, 3 * 1800 - 1200, 200 / 3, 2 * 1800 - 900, 2 * 1800, True)
    )
    assert found["08:30"] == pytest.approx((1, 2, 1, 0, 200, 900, 2 * 900, True))
    assert found["16:30"] == (None, 2, None, None, None, 0, 0, True)
    assert found["20:00"] == (1, 0, None, 0, 0, 0, 0, True)
    assert "17:00" not in found
    as_if_rebuilt()
    # A2 is taken off the roster
    later = roster().replace("A2,2026-11-23,P", "A2,2026-11-23,OFF")
    deliver("roster", "roster2.csv", later, MORNING + 50 * MINUTE)
    centre(51)
    assert evaluated()["16:30"][1] == 1
    as_if_rebuilt()


def test_a_rebuild_takes_nothing_from_what_stood_before(centre, system, deliver, query):
    """Of an agent whom no reference names, so that nothing but the events is told of them."""
    deliver("agent_alias", "a.csv", "source,external_id,agent_id\npbx,X9,B9\n", MORNING)
    deliver("agent_event", "e.csv", f"{EVENTS}1,{MORNING.isoformat()},X9,login,pbx\n", MORNING)
    centre(1)
    told = query("select * from intermediate.int_agent_state")
    assert [(state["agent_id"], state["starts_at"]) for state in told] == [("B9", MORNING)]
    with system.warehouse.engine().begin() as connection:
        connection.execute(
            text(
                "insert into intermediate.int_agent_state"
                " (agent_id, session_started_at, starts_at, ends_at, state, closes_itself)"
                " values ('B9', :at, :at, :at + interval '1 hour', 'aux', false)"
            ),
            {"at": MORNING - timedelta(hours=1)},
        )
        connection.execute(text("update ops.clock set needs_rebuild = true"))
    build_marts(system, MORNING + MINUTE)
    assert query("select * from intermediate.int_agent_state") == told


def test_a_night_without_a_roster_is_settled_when_its_session_has_closed(
    centre, deliver, query, as_if_rebuilt
):
    """A1 logs in at 23:00 without a shift and out at 01:00; times in minutes after 08:00."""
    login = f"{EVENTS}1,{DAY}T23:00:00,A1,login,pbx\n"
    deliver("agent_event", "in.csv", login, MORNING + 901 * MINUTE)
    provisional = (
        "select is_provisional from marts.fct_attendance"
        " where status = 'unscheduled' order by roster_date"
    )
    centre(905, 990)
    assert [row["is_provisional"] for row in query(provisional)] == [True, True]
    logout = f"{EVENTS}2,{DAY + timedelta(days=1)}T01:00:00,A1,logout,pbx\n"
    deliver("agent_event", "out.csv", logout, MORNING + 1021 * MINUTE)
    centre(1025)
    assert [row["is_provisional"] for row in query(provisional)] == [False, True]
    as_if_rebuilt()


def test_marts_say_the_clock_of_the_last_run_that_ended_well(centre, system, deliver, query):
    deliver("call", "calls.csv", CALL_HEADER + call("C1", MORNING, "blocked"), MORNING)
    centre(1)
    with system.warehouse.engine().begin() as connection:
        connection.execute(text("alter table intermediate.int_voice_interval rename to away"))
        connection.execute(
            text("create view intermediate.int_voice_interval as select 1 as nothing")
        )
    with pytest.raises(ModelError, match=r"(?s)int_voice_interval.*prepare --again"):
        build_marts(system, MORNING + 60 * MINUTE)
    with system.warehouse.engine().begin() as connection:
        connection.execute(text("drop view intermediate.int_voice_interval"))
        connection.execute(text("alter table intermediate.away rename to int_voice_interval"))
    assert query("select as_of from marts.fct_scr_interval") == [{"as_of": MORNING + MINUTE}]
    centre(61)
    assert query("select as_of from marts.fct_scr_interval") == [{"as_of": MORNING + 61 * MINUTE}]


def test_a_table_that_somebody_dropped_is_made_whole_again(centre, system, deliver, query):
    deliver("call", "calls.csv", CALL_HEADER + call("C1", MORNING, "blocked"), MORNING)
    centre(1)
    before = query("select * from marts.fct_scr_interval")
    with system.warehouse.engine().begin() as connection:
        connection.execute(text("drop table intermediate.int_voice_interval cascade"))
    with pytest.raises(ModelError, match="prepare --again"):
        build_marts(system, MORNING + 2 * MINUTE)
    system.prepare(again=True)
    centre(1)
    assert query("select * from marts.fct_scr_interval") == before


def test_a_process_that_runs_dbt_often_gathers_nothing(system):
    from dbt.adapters.base.impl import DEFAULT_BASE_BEHAVIOR_FLAGS

    build_marts(system, MORNING)  # The first run of a process reads the project as well.
    gathered = []
    for minute in range(1, 4):
        build_marts(system, MORNING + minute * MINUTE)
        gathered.append(len(DEFAULT_BASE_BEHAVIOR_FLAGS))
    assert len(set(gathered)) == 1
