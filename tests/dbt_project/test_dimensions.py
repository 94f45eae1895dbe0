"""Dimensions: what holds now once per key, and every earlier version with the time it was known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts, run_cycle
from rtm.models import deploy_models
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call, deliver_reference, roster

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
KNOWN = MORNING - 3 * DAY
"""When the reference data of the small centre arrives."""

TEAM_HEADER, _ = REFERENCE["team"].splitlines()
SECOND_TEAM = f"{TEAM_HEADER}\nT2,Tim Dua,KARTU,L2,K1\n"
AGENT_HEADER = REFERENCE["agent"].splitlines()[0] + "\n"


def agent(team: str, email: str = "ani@bank.example") -> str:
    return f"{AGENT_HEADER}A1,Ani,{email},agent,{team},2026-01-01\n"


@pytest.fixture
def centre(system, deliver):
    """The small centre with a second team; runs a cycle at each of the moments given."""
    deliver_reference(deliver)
    deliver("team", "second.csv", SECOND_TEAM, KNOWN)

    def run(*moments):
        for moment in moments:
            run_cycle(system, moment)

    return run


@pytest.fixture
def teams(query):
    """Team, begin and end of each version of A1."""

    def read():
        return [
            tuple(row.values())
            for row in query(
                "select team_code, known_from_at, known_to_at, is_current"
                " from marts.dim_agent_history where agent_id = 'A1' order by version"
            )
        ]

    return read


def test_an_agent_who_changes_team_was_in_the_first_one_until_then(centre, deliver, query, teams):
    centre(KNOWN)
    moved = MORNING + 7 * MINUTE
    deliver("agent", "moved.csv", agent("T2"), moved)
    centre(MORNING + 10 * MINUTE)
    assert teams() == [("T1", KNOWN, moved, False), ("T2", moved, None, True)]
    (now,) = query("select * from marts.dim_agent where agent_id = 'A1'")
    assert (now["team_code"], now["known_from_at"]) == ("T2", moved)
    assert (now["as_of"], now["is_provisional"]) == (MORNING + 10 * MINUTE, False)
    in_force = """
        select team_code from marts.dim_agent_history
        where agent_id = 'A1'
            and (version = 1 or known_from_at <= :at)
            and (known_to_at is null or known_to_at > :at)
    """
    for at, team in (
        (KNOWN - 300 * DAY, "T1"),
        (moved - timedelta(seconds=1), "T1"),
        (moved, "T2"),
        (moved + 300 * DAY, "T2"),
    ):
        assert query(in_force, at=at) == [{"team_code": team}]


def test_versions_do_not_depend_on_when_they_were_taken_in(centre, deliver, teams):
    moved, back = MORNING, MORNING + DAY
    deliver("agent", "moved.csv", agent("T2"), moved)
    deliver("agent", "back.csv", agent("T1", "ani@baru.example"), back)
    # One cycle takes in all three deliveries
    centre(back + 3 * DAY)
    assert teams() == [
        ("T1", KNOWN, moved, False),
        ("T2", moved, back, False),
        ("T1", back, None, True),
    ]


def test_a_repeated_delivery_is_no_version_and_moves_none(centre, deliver, teams):
    centre(KNOWN)
    deliver("agent", "moved.csv", agent("T2"), MORNING)
    deliver("agent", "moved_again.csv", agent("T2"), MORNING + MINUTE)
    centre(MORNING + 2 * MINUTE)
    deliver("agent", "and_again.csv", agent("T2") + "\n", MORNING + 3 * MINUTE)
    centre(MORNING + 4 * MINUTE)
    assert teams() == [("T1", KNOWN, MORNING, False), ("T2", MORNING, None, True)]


def test_an_older_delivery_that_is_found_late_takes_its_place(centre, deliver, query, teams):
    deliver("agent", "moved.csv", agent("T2"), MORNING)
    deliver("agent", "moved_again.csv", agent("T2"), MORNING + 2 * MINUTE)
    centre(MORNING + 3 * MINUTE)
    assert teams() == [("T1", KNOWN, MORNING, False), ("T2", MORNING, None, True)]
    deliver("agent", "between.csv", agent("T1"), MORNING + MINUTE)
    deliver("agent", "before.csv", agent("T2"), KNOWN - DAY)
    (now,) = query("select * from marts.dim_agent where agent_id = 'A1'")
    centre(MORNING + 4 * MINUTE)
    assert teams() == [
        ("T2", KNOWN - DAY, KNOWN, False),
        ("T1", KNOWN, MORNING, False),
        ("T2", MORNING, MORNING + MINUTE, False),
        ("T1", MORNING + MINUTE, MORNING + 2 * MINUTE, False),
        ("T2", MORNING + 2 * MINUTE, None, True),
    ]
    (then,) = query("select * from marts.dim_agent where agent_id = 'A1'")
    changed = {name for name in now if now[name] != then[name]}
    assert changed == {"known_from_at", "as_of"}


def test_of_deliveries_of_one_moment_the_last_holds(centre, deliver, teams):
    for name, team in (("a.csv", "T2"), ("b.csv", "T1"), ("c.csv", "T2")):
        deliver("agent", name, agent(team), MORNING)
    centre(MORNING)
    deliver("agent", "d.csv", agent("T1"), MORNING + MINUTE)
    deliver("agent", "e.csv", agent("T2"), MORNING + MINUTE)
    centre(MORNING + MINUTE)
    assert teams() == [("T1", KNOWN, MORNING, False), ("T2", MORNING, None, True)]


def test_what_waited_for_its_service_is_known_from_its_own_file(centre, deliver, query):
    """As if the service had been known from the start."""
    centre(KNOWN)
    said = (("Jauh", "KPR"), ("Dekat", "KARTU"), ("Lagi", "KPR"))
    for minute, (name, service) in enumerate(said):
        content = f"{TEAM_HEADER}\nT9,{name},{service},L1,K1\n"
        deliver("team", f"t{minute}.csv", content, MORNING + minute * MINUTE)
    target = REFERENCE["kpi_target"].replace("KARTU", "KPR")
    deliver("kpi_target", "kpr.csv", target, MORNING)
    deliver("agent", "far.csv", f"{AGENT_HEADER}B1,Bob,,agent,T9,2026-01-01\n", MORNING)

    def found(columns, mart, condition):
        rows = query(f"select {columns} from marts.{mart} where {condition} order by version")
        return [tuple(row.values()) for row in rows]

    def team_versions():
        return found("team_name, known_from_at", "dim_team_history", "team_code = 'T9'")

    centre(MORNING + 2 * MINUTE)
    assert team_versions() == [("Dekat", MORNING + MINUTE)]
    service = REFERENCE["service"].replace("KARTU", "KPR")
    deliver("service", "kpr.csv", service, MORNING + DAY)
    centre(MORNING + DAY)
    assert team_versions() == [
        ("Jauh", MORNING),
        ("Dekat", MORNING + MINUTE),
        ("Lagi", MORNING + 2 * MINUTE),
    ]
    of_target = found("known_from_at", "dim_kpi_target_history", "service_code = 'KPR'")
    assert of_target == [(MORNING,), (MORNING,)]
    assert found("service_code, known_from_at", "dim_agent_history", "agent_id = 'B1'") == [
        ("KPR", MORNING),
        ("KARTU", MORNING + MINUTE),
        ("KPR", MORNING + 2 * MINUTE),
    ]
    (now,) = query("select team_name, known_from_at from marts.dim_team where team_code = 'T9'")
    assert tuple(now.values()) == ("Lagi", MORNING + 2 * MINUTE)


def test_what_the_marts_do_not_show_makes_no_version(centre, deliver, teams):
    centre(KNOWN)
    header = AGENT_HEADER.strip() + ",night_shift_allowed\n"
    row = "A1,Ani,ani@bank.example,agent,T1,2026-01-01,no\n"
    deliver("agent", "pregnant.csv", header + row, MORNING)
    centre(MORNING)
    assert teams() == [("T1", KNOWN, None, True)]


def test_an_agent_moves_with_the_team_to_another_service(centre, deliver, query):
    centre(KNOWN)
    service = REFERENCE["service"].replace("KARTU", "KPR")
    deliver("service", "kpr.csv", service, MORNING)
    deliver("team", "renamed.csv", f"{TEAM_HEADER}\nT1,Tim Baru,KARTU,L1,K1\n", MORNING)
    centre(MORNING)
    deliver("team", "moved.csv", f"{TEAM_HEADER}\nT1,Tim Baru,KPR,L1,K1\n", MORNING + DAY)
    centre(MORNING + DAY)
    rows = query(
        "select version, service_code, known_from_at from marts.dim_agent_history"
        " where agent_id = 'A1' order by version"
    )
    assert [tuple(row.values()) for row in rows] == [(1, "KARTU", KNOWN), (2, "KPR", MORNING + DAY)]
    rows = query(
        "select team_name, service_code, known_to_at from marts.dim_team_history"
        " where team_code = 'T1' order by version"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("Tim Satu", "KARTU", MORNING),
        ("Tim Baru", "KARTU", MORNING + DAY),
        ("Tim Baru", "KPR", None),
    ]
    (now,) = query("select * from marts.dim_agent where agent_id = 'A1'")
    assert (now["service_code"], now["known_from_at"]) == ("KPR", MORNING + DAY)


def test_an_agent_whose_team_is_not_known_is_provisional_until_it_is(centre, deliver, query):
    deliver("agent", "far.csv", f"{AGENT_HEADER}B1,Bob,,agent,T9,2026-01-01\n", KNOWN)
    centre(KNOWN)
    found = "select service_code, is_provisional from marts.dim_agent where agent_id = 'B1'"
    assert query(found) == [{"service_code": None, "is_provisional": True}]
    deliver("team", "t9.csv", f"{TEAM_HEADER}\nT9,Tim Jauh,KARTU,L1,K1\n", MORNING)
    centre(MORNING)
    assert query(found) == [{"service_code": "KARTU", "is_provisional": False}]


def test_services_and_targets_keep_what_they_were(centre, deliver, query):
    centre(KNOWN)
    header, row = REFERENCE["service"].splitlines()
    deliver("service", "s.csv", f"{header},short_abandon_s\n{row},8\n", MORNING)
    targets = REFERENCE["kpi_target"].replace(",95,80,", ",90,75,")
    deliver("kpi_target", "t.csv", targets, MORNING + MINUTE)
    centre(MORNING + 2 * MINUTE)
    services = query(
        "select short_abandon_s, login_tolerance_s, roster_cutoff::text as cutoff, is_current"
        " from marts.dim_service_history order by version"
    )
    assert [tuple(service.values()) for service in services] == [
        (5, 300, "17:00:00", False),
        (8, 300, "17:00:00", True),
    ]
    (now,) = query("select valid_from, valid_to, known_from_at from marts.dim_service")
    assert tuple(now.values()) == (MORNING.date(), None, MORNING)
    targets = query(
        "select formula, target, critical, valid_from::text, known_to_at"
        " from marts.dim_kpi_target_history where kpi = 'scr' order by version"
    )
    assert [tuple(target.values()) for target in targets] == [
        ("scr/1", 95, 80, "2026-01-01", MORNING + MINUTE),
        ("scr/1", 90, 75, "2026-01-01", None),
    ]
    assert len(query("select * from marts.dim_kpi_target_history")) == 3


def test_a_rebuild_and_a_new_version_of_the_models_compute_the_same_versions(
    centre, system, deliver, query, teams
):
    centre(KNOWN)
    deliver("agent", "moved.csv", agent("T2"), MORNING)
    centre(MORNING)
    before = teams()
    assert len(before) == 2
    with system.warehouse.engine().begin() as connection:
        lost = connection.execute(text("delete from intermediate.int_reference_version"))
        assert lost.rowcount > 10
        connection.execute(text("update ops.clock set needs_rebuild = true"))
    build_marts(system, MORNING)
    assert teams() == before
    deploy_models(system.warehouse, system.settings)
    build_marts(system, MORNING + MINUTE)
    assert teams() == before


def test_an_unchanged_file_touches_nothing(centre, deliver, query):
    centre(KNOWN)
    rows = "select xmin::text, ctid::text from intermediate.int_reference_version order by 1, 2"
    before = query(rows)
    for feed in ("agent", "team", "service", "kpi_target"):
        deliver(feed, "again.csv", REFERENCE[feed], MORNING)
    centre(MORNING)
    assert query(rows) == before


def test_readers_of_the_dimensions_are_not_doubled_by_versions(centre, deliver, query):
    """A breach makes one plan and its mails once, whatever was corrected before."""
    centre(KNOWN)
    for minute, name in enumerate(("Kartu", "Kartu Debit", "Kartu Kredit")):
        at = MORNING + minute * MINUTE
        deliver("service", f"s{minute}.csv", REFERENCE["service"].replace("Kartu K", name), at)
        team = f"{TEAM_HEADER}\nT1,{name},KARTU,L1,K1\n"
        deliver("team", f"t{minute}.csv", team, at)
        people = REFERENCE["agent"].replace("Koko", name)
        deliver("agent", f"a{minute}.csv", people, at)
        centre(at)
    lost = [call(f"C{n}", MORNING, "abandoned", 60) for n in range(10)]
    deliver("call", "calls.csv", CALL_HEADER + "".join(lost), MORNING + 10 * MINUTE)
    deliver("roster", "roster.csv", roster(), MORNING + 10 * MINUTE)
    centre(MORNING + 10 * MINUTE)
    assert len(query("select * from marts.dim_agent_history where agent_id = 'K1'")) == 4
    for dimension, rows in (
        ("dim_agent", 5),
        ("dim_team", 2),
        ("dim_service", 1),
        ("dim_kpi_target", 2),
    ):
        assert len(query(f"select * from marts.{dimension}")) == rows
    # Beside the one for the roster that was not there the day before
    plans = query(
        "select * from marts.fct_recovery_plan"
        " inner join marts.fct_breach using (breach_id) where kpi <> 'roster_h1'"
    )
    assert len(plans) == 1
    mails = query(
        "select recipient, count(*) as n from ops.outbox where kind = 'breach'"
        " group by 1 order by 1"
    )
    assert mails == [{"recipient": f"{who}@bank.example", "n": 1} for who in ("koko", "lia")]
