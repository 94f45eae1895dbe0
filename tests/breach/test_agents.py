"""What agents did not keep to: found, told to their team leader, followed, and taken back."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.breach import agents
from rtm.cycle import System, run_cycle
from tests.notify.mailbox import open_mailbox
from tests.small_centre import DAY, MORNING, REFERENCE, deliver_reference, roster

MINUTE = timedelta(minutes=1)
EVENTS = "event_id,occurred_at,agent_id,event,state,aux_code\n"
RULES = "service_code,kpi,missed_for_min,is_active\n"


@pytest.fixture
def centre(system: System, deliver):
    """Everybody is on the morning shift, 08:00 to 17:00; L1 has been there since before."""
    with open_mailbox() as mailbox:
        deliver_reference(deliver)
        deliver("roster", "roster.csv", roster(2), MORNING - timedelta(days=1))
        settings = dataclasses.replace(
            system.settings, smtp_url=mailbox.url, desk_url="https://rtm.bank.example/rtm"
        )
        centre = System(settings, system.warehouse)
        centre_events = Events(deliver)
        centre_events.tell(-10, "L1", "login")
        yield Centre(centre, centre_events, mailbox)


@dataclasses.dataclass
class Events:
    """Delivers events of agents, each in a file of its own, at the minute after eight."""

    deliver: object
    count: int = 0

    def tell(self, minute, agent, event, state="", aux_code=""):
        self.count += 1
        at = MORNING + minute * MINUTE
        row = f"E{self.count},{at.isoformat()},{agent},{event},{state},{aux_code}\n"
        self.deliver("agent_event", f"events_{self.count:03}.csv", EVENTS + row, at)


@dataclasses.dataclass
class Centre:
    system: System
    events: Events
    mailbox: object

    def look(self, minute, is_fed=True):
        """One cycle; unless the feed has stopped, somebody's event has just come in."""
        if is_fed:
            self.events.tell(minute, "L1", "state", "ready")
        run_cycle(self.system, MORNING + minute * MINUTE)

    def digests(self):
        return [mail for mail in self.mailbox.mails if "ketidaksesuaian" in mail["Subject"]]


def test_a_site_says_itself_how_severe_a_matter_is(centre, deliver, query):
    rules = "service_code,kpi,severity\nKARTU,no_show,warning\nKARTU,late_login,critical\n"
    deliver("breach_rule", "rules.csv", rules, MORNING - timedelta(hours=1))
    centre.events.tell(10, "A1", "login")
    centre.look(40)
    told = {(row["agent_id"], row["matter"]): row["severity"] for row in query(MATTERS)}
    assert told == {("A1", "late_login"): "critical", ("A2", "no_show"): "warning"}


MATTERS = """
    select agent_id, matter, subject, observed, target, severity, cleared_because, scope, channel
    from marts.fct_breach where scope = 'agent' order by breach_id
"""


def matters(query):
    return [
        (row["agent_id"], row["matter"], round(row["observed"]), row["cleared_because"])
        for row in query(MATTERS)
        if row["agent_id"] != "L1"
    ]


def test_who_comes_late_was_missing_first_and_the_leader_hears_of_both(centre, query):
    centre.events.tell(-1, "A1", "login")
    centre.look(20)
    assert matters(query) == []
    centre.look(31)
    assert matters(query) == [("A2", "no_show", 1860, None)]
    centre.events.tell(37, "A2", "login")
    centre.look(38)
    centre.look(39)
    assert matters(query) == [
        ("A2", "no_show", 1860, "appeared"),
        ("A2", "late_login", 2220, None),
    ]
    # The second within ten minutes of the first waits for the next digest.
    (mail,) = centre.digests()
    assert mail["To"] == "lia@bank.example"
    assert "Budi (A2): belum login, 31:00 menit (batas 30:00)" in body(mail)
    centre.look(42)
    assert "Budi (A2): login terlambat, 37:00 menit (batas 5:00)" in body(centre.digests()[-1])
    assert not query("select * from ops.recovery_plan")


def test_the_deputy_of_a_team_leader_gets_the_same_digest(centre, deliver):
    centre.events.tell(-1, "A1", "login")
    centre.look(20)
    deputy = "L2,Lukman,lukman@bank.example,team_leader,T1,2026-01-01\n"
    deliver("agent", "deputy.csv", REFERENCE["agent"] + deputy, MORNING + 21 * MINUTE)
    centre.look(31)
    digests = centre.digests()
    assert sorted(mail["To"] for mail in digests) == ["lia@bank.example", "lukman@bank.example"]
    assert all("Budi (A2): belum login" in body(mail) for mail in digests)


def test_an_exception_given_afterwards_takes_the_matter_back(centre, deliver, query):
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(20, "A2", "login")
    centre.look(21)
    assert matters(query) == [("A2", "late_login", 1200, None)]
    deliver(
        "exception",
        "leave.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
        f"X1,A2,{DAY}T08:00,{DAY}T08:20,dokter,L1,{DAY}T08:25\n",
        MORNING + 25 * MINUTE,
    )
    centre.look(26)
    assert matters(query) == [("A2", "late_login", 1200, "data_corrected")]
    # Also when the shift was long over.
    centre.events.tell(9 * 60, "A1", "logout")
    centre.events.tell(9 * 60 - 30, "A2", "logout")
    centre.look(14 * 60)
    assert matters(query)[-1] == ("A2", "early_logout", 1800, "over")
    deliver(
        "exception",
        "leave_2.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
        f"X2,A2,{DAY}T16:00,{DAY}T17:00,dokter,L1,{DAY}T23:00\n",
        MORNING + timedelta(days=2),
    )
    centre.look(48 * 60 + 1)
    centre.look(48 * 60 + 12)
    assert ("A2", "early_logout", 1800, "data_corrected") in matters(query)


def test_aux_and_floor_discipline_are_told_beyond_their_limits_once(centre, query):
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(-1, "A2", "login")
    centre.events.tell(60, "A2", "state", "aux", "ISTIRAHAT")
    centre.look(124)
    # 60 minutes are allowed, 30 at one time; the AUX has lasted for 64.
    assert matters(query) == [("A2", "rotg", 3840, None)]
    for minute in (126, 127):
        centre.look(minute)
    assert matters(query) == [("A2", "rotg", 3840, None), ("A2", "aux_allowance", 3960, None)]
    subjects = [row["subject"] for row in query(MATTERS) if row["agent_id"] == "A2"]
    assert subjects == ["aux_over_occurrence", "ISTIRAHAT"]
    # It began when the hour was used up, not with the shift
    since = MORNING + 120 * MINUTE
    assert query(BEGAN, matter="aux_allowance") == [{"agent_id": "A2", "started_at": since}]


BEGAN = "select agent_id, started_at from marts.fct_breach where matter = :matter"


def test_a_gap_begins_with_its_first_and_is_told_once_though_it_moves(centre, deliver, query):
    for minute, agent, event in (
        *((-1, "A1", "login"), (-1, "A2", "login"), (60, "A2", "logout"), (100, "A2", "login")),
        *((120, "A2", "logout"), (130, "A2", "login")),
    ):
        centre.events.tell(minute, agent, event)
    centre.look(131)
    assert matters(query) == [("A2", "login_gap", 3000, None)]
    assert "23/11/2026 09:00 WIB" in body(centre.digests()[-1])
    began = [{"agent_id": "A2", "started_at": MORNING + 60 * MINUTE}]
    assert query(BEGAN, matter="login_gap") == began
    deliver(
        "exception",
        "doctor.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
        f"X1,A2,{DAY}T09:00,{DAY}T09:40,dokter,L1,{DAY}T10:15\n",
        MORNING + 135 * MINUTE,
    )
    centre.look(136)
    (found,) = query("select started_at from marts.rpt_agent_matter where matter = 'login_gap'")
    assert found["started_at"] == MORNING + 120 * MINUTE
    assert [matter for _, matter, *_ in matters(query)] == ["login_gap"]
    assert query(BEGAN, matter="login_gap") == began, "as it was told"


def test_nobody_is_missing_while_the_states_of_agents_are_behind(centre, query):
    centre.events.tell(-1, "A1", "login")
    centre.look(35, is_fed=False)
    (stale,) = query("select feed, is_stale from marts.rpt_feed_freshness where is_stale")
    assert stale["feed"] == "agent_event"
    assert query("select what from marts.rpt_behind") == [{"what": "agents"}]
    assert matters(query) == []
    centre.look(36)
    assert matters(query) == [("A2", "no_show", 2160, None)]


def test_a_site_moves_the_limit_and_switches_a_matter_off(centre, deliver, query):
    rules = RULES + "KARTU,late_login,10,\nKARTU,rotg,,tidak\n"
    deliver("breach_rule", "rules.csv", rules, MORNING - timedelta(hours=1))
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(14, "A2", "login")
    centre.events.tell(15, "A2", "state", "aux", "ISTIRAHAT")
    centre.look(50)
    assert matters(query) == []
    assert query("select rule_code from marts.fct_rotg_violation")


def test_a_team_whose_leader_cannot_be_told_is_told_to_the_coordinator(centre, deliver, query):
    agents = REFERENCE["agent"].replace("lia@bank.example", "")
    deliver("agent", "agents.csv", agents, MORNING - timedelta(hours=1))
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(20, "A2", "login")
    centre.look(21)
    (mail,) = centre.digests()
    assert mail["To"] == "koko@bank.example"
    lines = body(mail).splitlines()
    assert "Buka halaman Hari ini: https://rtm.bank.example/rtm/" in lines


def test_a_matter_of_the_team_leader_is_told_to_the_coordinator_alone(centre, query):
    for agent in ("A1", "A2"):
        centre.events.tell(-1, agent, "login")
    centre.events.tell(60, "L1", "state", "aux", "ISTIRAHAT")
    centre.events.tell(95, "A1", "state", "ready")
    centre.look(95, is_fed=False)
    assert query("select agent_id from ops.agent_breach") == [{"agent_id": "L1"}]
    assert [mail["To"] for mail in centre.digests()] == ["koko@bank.example"]


def test_a_shift_without_its_agent_leads_to_a_proposal_of_coaching(centre, deliver, query):
    centre.events.tell(-1, "A1", "login")
    centre.look(31)
    assert query("select * from marts.fct_coaching") == []
    centre.events.tell(9 * 60, "A1", "logout")
    centre.look(14 * 60)
    found = "select agent_id, status, proposed_step from marts.fct_coaching"
    proposed = {"agent_id": "A2", "status": "proposed", "proposed_step": "reminder"}
    assert query(found) == [proposed]
    # The next day it turns out that leave had been given.
    deliver(
        "exception",
        "leave.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
        f"X1,A2,{DAY}T08:00,{DAY}T17:00,dokter,L1,{DAY}T20:00\n",
        MORNING + timedelta(hours=20),
    )
    for minute in (20 * 60 + 1, 20 * 60 + 12):
        centre.look(minute)
    assert query(found) == [proposed | {"status": "withdrawn"}]


FILL = """
insert into intermediate.int_shift_attendance
    (agent_id, service_code, roster_date, shift_code, function, kind, planned_start_at,
     planned_end_at, status, login_late_s, gap_s, is_over, settles_at, is_provisional)
select 'X' || agent, 'KARTU', day, 'P', 'agent', 'work', day + interval '1 hour',
    day + interval '10 hours', 'late', 900, 0, true, day + interval '14 hours', false
from generate_series(1, 500) as agent
cross join generate_series(date '2026-08-25', date '2026-11-22', interval '1 day') as day;
insert into intermediate.int_shift_aux
    (agent_id, service_code, roster_date, shift_code, aux_code, aux_s, excess_started_at,
     is_provisional)
select agent_id, service_code, roster_date, shift_code, 'ISTIRAHAT', 4000,
    planned_start_at + interval '1 hour', false
from intermediate.int_shift_attendance where starts_with(agent_id, 'X');
insert into intermediate.int_rotg_shift
    (agent_id, service_code, roster_date, shift_code, rule_code, rule_version, started_at,
     measured, threshold, settles_at)
select agent_id, service_code, roster_date, shift_code, 'acw_over_limit', 'rotg/1',
    planned_start_at, 200, 180, settles_at
from intermediate.int_shift_attendance where starts_with(agent_id, 'X');
insert into ops.agent_breach
    (breach_id, service_code, agent_id, roster_date, shift_code, matter, subject, kpi, started_at,
     detected_at, cleared_at, cleared_because, comparator, target, observed, severity, recounted_at)
select nextval('ops.breach_breach_id_seq'), service_code, agent_id, roster_date, 'P', 'late_login',
    '', 'login_compliance', planned_start_at, planned_start_at, planned_end_at, 'over', '<=', 300,
    900, 'warning', planned_end_at
from intermediate.int_shift_attendance where starts_with(agent_id, 'X');
update ops.agent_breach set cleared_at = null, cleared_because = null
where roster_date = '2026-11-22' and starts_with(agent_id, 'X');
analyze intermediate.int_shift_attendance, intermediate.int_shift_aux, intermediate.int_rotg_shift,
    ops.agent_breach
"""


def test_a_cycle_reads_the_shifts_of_today_alone_whatever_is_stored(centre):
    """Ninety days of five hundred agents, all of them late every day."""
    centre.events.tell(-1, "A1", "login")
    centre.look(31)
    engine = centre.system.warehouse.engine()
    with engine.begin() as connection:
        connection.exec_driver_sql(FILL)
    at = {"as_of": MORNING + 31 * MINUTE, "roster_date": DAY - timedelta(days=2)}
    with engine.connect() as connection:
        for statement in (agents.OPEN, agents.CLEAR, agents.LOOK_AGAIN):
            explained = text(f"explain (analyze, summary off) {statement.text}")
            told = "\n".join(connection.execute(explained, at).scalars())
            whole = r"Seq Scan on (int_shift_attendance|int_shift_aux|int_rotg_shift|agent_breach)"
            assert not re.search(whole, told), told
            connection.rollback()


def body(mail):
    return mail.get_body(("plain",)).get_content()


def test_nobody_is_missing_on_the_first_morning_after_a_feed_died_over_closed_days(
    centre, deliver, query
):
    """What told of the service last is still what tells of it, three days later."""
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(-1, "A2", "login")
    centre.look(60)
    later = MORNING + timedelta(days=3)
    deliver("roster", "monday.csv", roster(1, later.date()), later - timedelta(days=1))
    run_cycle(centre.system, later + 45 * MINUTE)
    assert query("select what from marts.rpt_behind") == [{"what": "agents"}]
    found = "select agent_id from ops.agent_breach where roster_date = :day"
    assert query(found, day=later.date()) == []


def test_nobody_waits_for_a_feed_that_another_has_taken_the_place_of(centre, deliver, query):
    centre.events.tell(-1, "A1", "login")
    deliver("agent_event", "gone.csv", EVENTS, MORNING)
    centre.look(1)
    with centre.system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(
            "update ops.file_ledger set feed = 'old_export' where lands_in = 'agent_event'"
        )
    # As if the export had another name until yesterday
    later = MORNING + timedelta(days=2)
    at = later + 5 * MINUTE
    row = f"N1,{at.isoformat()},L1,state,ready,\n"
    deliver("agent_event", "new.csv", EVENTS + row, at)
    run_cycle(centre.system, at + MINUTE)
    stale = "select feed from marts.rpt_feed_freshness where is_stale"
    assert query(stale) == [{"feed": "old_export"}]
    assert query("select what from marts.rpt_behind") == []


def test_a_matter_that_was_taken_back_by_mistake_stands_again_days_later(centre, deliver, query):
    centre.events.tell(-1, "A1", "login")
    centre.events.tell(9 * 60, "A1", "logout")
    centre.look(31)
    centre.look(14 * 60)
    absent = "select cleared_because from ops.agent_breach where agent_id = 'A2'"
    assert query(absent) == [{"cleared_because": "over"}]
    header = "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"

    def leave(file, approved_by, minute):
        at = MORNING + minute * MINUTE
        row = f"X1,A2,{DAY}T08:00,{DAY}T17:00,dokter,{approved_by},{at.isoformat()}\n"
        deliver("exception", file, header + row, at)
        centre.look(minute + 1)
        centre.look(minute + 12)

    leave("leave.csv", "L1", 20 * 60)
    assert query(absent) == [{"cleared_because": "data_corrected"}]
    leave("mistake.csv", "", 4 * 24 * 60)
    assert query(absent) == [{"cleared_because": "over"}]
