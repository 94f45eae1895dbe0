"""Who is told: people who are still here and, of the real-time function, who is there."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm import recipients
from rtm.cycle import run_cycle
from rtm.recipients import Agent
from rtm.warehouse import Role
from tests.small_centre import DAY, MORNING, REFERENCE, deliver_reference, roster

HOUR = timedelta(hours=1)
TEN = MORNING + 2 * HOUR
OPERATORS = ["ops@bank.example"]
LIA, KOKO, WATI, LUKMAN = (f"{name}@bank.example" for name in ("lia", "koko", "wati", "lukman"))
DEPUTY = "L2,Lukman,lukman@bank.example,team_leader,T1,2026-01-01\n"


@pytest.fixture
def ask(system):
    """Calls a function of `rtm.recipients`, with settings where it takes them."""
    settings = dataclasses.replace(system.settings, operators=tuple(OPERATORS))

    def call(name, *arguments, has_settings=False):
        given = (settings, *arguments) if has_settings else arguments
        with system.warehouse.transaction(Role.APP) as connection:
            return getattr(recipients, name)(connection, *given)

    return call


def until(day, *who):
    """The agents, of whom these have a last day."""
    header, *rows = REFERENCE["agent"].splitlines()
    ends = [f"{row},{day if row.split(',')[0] in who else ''}" for row in rows]
    return "\n".join([f"{header},active_to", *ends, ""])


def everybody(ask):
    """Who is told, by each way to ask."""
    ani = Agent("A1", "T1", "KARTU")
    return {
        "coordinators": ask("coordinators", "KARTU", has_settings=True),
        "of_all": ask("coordinators", None, has_settings=True),
        "leaders": ask("team_leaders", "KARTU"),
        "teams": ask("teams_by_leader", "KARTU"),
        "of_agent": ask("leaders_of_agents", [ani], has_settings=True)[ani],
        "people": ask("people", ["L1", "K1"]),
        "makers": ask("roster_makers", "KARTU", has_settings=True),
        "on_duty": ask("on_duty", "KARTU", TEN),
    }


HERE = {
    "coordinators": [KOKO],
    "of_all": [KOKO],
    "leaders": [LIA],
    "teams": {LIA: ["T1"]},
    "of_agent": [LIA],
    "people": [KOKO, LIA],
    "makers": [LIA, WATI],
    "on_duty": [LIA],
}
GONE = {
    "coordinators": OPERATORS,
    "of_all": OPERATORS,
    "leaders": [],
    "teams": {},
    "of_agent": OPERATORS,
    "people": [],
    "makers": OPERATORS,
    "on_duty": [],
}


def test_who_has_left_is_told_nothing_from_the_day_after_on_the_clock_of_the_service(
    system, deliver, ask
):
    deliver_reference(deliver)
    deliver("agent", "agents.csv", until(DAY, "L1", "K1", "W1"), MORNING)
    deliver("roster", "roster.csv", roster(), MORNING - timedelta(days=1))
    run_cycle(system, MORNING)
    for at, told in ((MORNING + 15.5 * HOUR, HERE), (MORNING + 16.5 * HOUR, GONE)):
        with system.warehouse.engine().begin() as connection:
            clock = text("update ops.clock set as_of = :at, built_as_of = :at")
            connection.execute(clock, {"at": at})
        assert everybody(ask) == told


def test_before_the_first_cycle_is_over_nobody_has_left(system, deliver, ask):
    from rtm.cycle import land_feeds

    deliver_reference(deliver)
    deliver("agent", "agents.csv", until("2026-11-01", "L1"), MORNING)
    land_feeds(system, MORNING)
    assert ask("team_leaders", "KARTU") == [LIA]


def test_an_address_of_blanks_is_none(system, deliver, ask):
    deliver_reference(deliver)
    blank = REFERENCE["agent"].replace("lia@bank.example", '"  "')
    deliver("agent", "agents.csv", blank, MORNING)
    run_cycle(system, MORNING)
    assert ask("teams_by_leader", "KARTU") == {}


EVENTS = "event_id,occurred_at,agent_id,event,state,aux_code\n"
EXCEPTIONS = "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
WHOLE, PART = ("08:00", "17:00"), ("09:30", "10:30")


@pytest.mark.parametrize(
    ("logs_in", "fed", "excused", "approved", "at", "told"),
    [
        (True, True, None, True, TEN, [LUKMAN]),
        (False, True, None, True, TEN, [LIA, LUKMAN]),
        (False, True, None, True, MORNING + HOUR / 6, [LUKMAN]),
        (False, False, None, True, TEN, [LUKMAN]),
        (False, True, WHOLE, True, MORNING + HOUR / 6, [LIA, LUKMAN]),
        (True, True, PART, True, TEN, [LIA, LUKMAN]),
        (True, True, PART, False, TEN, [LUKMAN]),
        (True, True, PART, True, TEN + HOUR, [LUKMAN]),
    ],
    ids=[
        *("there", "not there", "may still come", "the feed is behind", "excused"),
        *("excused for now", "not approved", "back again"),
    ],
)
def test_the_real_time_function_is_told_where_it_is_there_and_else_the_team_leaders(
    system, deliver, ask, logs_in, fed, excused, approved, at, told
):
    deliver_reference(deliver)
    deliver("agent", "second.csv", REFERENCE["agent"] + DEPUTY, MORNING - timedelta(days=2))
    of_day = roster().replace(f"L1,{DAY},P,rtfm", f"L1,{DAY},P,agent\nKARTU,L2,{DAY},P,rtfm")
    deliver("roster", "roster.csv", of_day, MORNING - timedelta(days=1))
    early = MORNING - HOUR / 6
    events = EVENTS + f"E1,{early.isoformat()},A1,login,,\n"
    if logs_in:
        events += f"E2,{early.isoformat()},L2,login,,\n"
    deliver("agent_event", "early.csv", events, early)
    if fed:
        now = f"E3,{(at - HOUR / 60).isoformat()},A1,state,ready,\n"
        deliver("agent_event", "now.csv", EVENTS + now, at - HOUR / 60)
    if excused:
        start, end = (f"{DAY}T{time}" for time in excused)
        by = "K1" if approved else ""
        row = f"X1,L2,{start},{end},dokter,{by},{DAY}T07:00\n"
        deliver("exception", "excused.csv", EXCEPTIONS + row, early)
    run_cycle(system, at)
    assert ask("on_duty", "KARTU", at) == told


def test_nobody_is_told_of_themself(system, deliver, ask):
    deliver_reference(deliver)
    run_cycle(system, MORNING)
    who = [Agent(agent, "T1", "KARTU") for agent in ("A1", "L1")]
    told = ask("leaders_of_agents", who, has_settings=True)
    assert [told[agent] for agent in who] == [[LIA], [KOKO]]
    # Who leads the team and coordinates it
    deliver(
        "team",
        "team.csv",
        REFERENCE["team"].replace("L1,K1", "K1,K1"),
        MORNING + HOUR,
    )
    run_cycle(system, MORNING + 1.5 * HOUR)
    koko = Agent("K1", "T1", "KARTU")
    assert ask("leaders_of_agents", [koko], has_settings=True) == {koko: OPERATORS}


def test_all_who_lead_a_team_are_told_and_each_of_them_once(system, deliver, ask):
    """L1 leads T1 and T2 by the feed `team`, L2 leads T1 by the feed `agent`; T3 names an
    agent, who leads and coordinates nothing."""
    deliver_reference(deliver)
    deliver("agent", "deputy.csv", REFERENCE["agent"] + DEPUTY, MORNING)
    teams = "T2,Tim Dua,KARTU,L1,K1\nT3,Tim Tiga,KARTU,A2,A2\n"
    deliver("team", "more.csv", REFERENCE["team"] + teams, MORNING)
    run_cycle(system, MORNING)
    assert ask("teams_by_leader", "KARTU") == {LIA: ["T1", "T2"], LUKMAN: ["T1"]}
    assert ask("team_leaders", "KARTU") == [LIA, LUKMAN]
    led = [Agent("A1", team, "KARTU") for team in ("T1", "T2", "T3")]
    leading = [Agent(leader, "T1", "KARTU") for leader in ("L1", "L2")]
    told = ask("leaders_of_agents", led + leading, has_settings=True)
    assert [told[agent] for agent in led] == [[LIA, LUKMAN], [LIA], [KOKO]]
    assert [told[agent] for agent in leading] == [[KOKO], [KOKO]]
    # Without an address one leads all the same.
    silent = REFERENCE["agent"].replace(LIA, "") + DEPUTY
    deliver("agent", "silent.csv", silent, MORNING + HOUR)
    run_cycle(system, MORNING + HOUR)
    told = ask("leaders_of_agents", led + leading, has_settings=True)
    assert [told[agent] for agent in led] == [[LUKMAN], [KOKO], [KOKO]]
    assert [told[agent] for agent in leading] == [[KOKO], [KOKO]]


def test_workforce_management_of_no_team_makes_the_rosters_of_all_services(system, deliver, ask):
    deliver_reference(deliver)
    central = "W2,Widi,widi@bank.example,wfm,,2026-01-01\n"
    deliver("agent", "central.csv", REFERENCE["agent"] + central, MORNING)
    other = "LAIN,Layanan Lain,Bank,Asia/Jakarta\n"
    deliver("service", "other.csv", REFERENCE["service"] + other, MORNING)
    run_cycle(system, MORNING)
    widi = "widi@bank.example"
    makers = {
        service: ask("roster_makers", service, has_settings=True)
        for service in ("KARTU", "LAIN", "SIAPA", None)
    }
    assert makers == {
        "KARTU": [LIA, WATI, widi],
        "LAIN": [widi],
        "SIAPA": OPERATORS,
        None: OPERATORS,
    }
