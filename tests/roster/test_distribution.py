"""A published roster reaches its team leaders, and what counts as proof of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from rtm.cycle import System, distribute_rosters, gate_rosters, land_feeds, run_cycle
from rtm.notify import ON_PAPER
from tests.notify.mailbox import open_mailbox
from tests.small_centre import REFERENCE, deliver_reference, roster

from .conftest import DAY_BEFORE


def validity(query):
    (row,) = query("select * from marts.fct_roster_validity")
    return row["verdict"], row["distributed_at"], row["is_on_time"]


def test_distribution_by_the_cut_off_is_proved_by_the_mail_server(system, deliver, query):
    deliver_reference(deliver)
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    waiting = System(system.settings, system.warehouse)
    run_cycle(waiting, DAY_BEFORE)
    assert validity(query) == ("valid", None, False)
    settings = dataclasses.replace(system.settings, smtp_url=ON_PAPER)
    at = DAY_BEFORE + timedelta(minutes=1)
    run_cycle(System(settings, system.warehouse), at)
    assert validity(query) == ("valid", at, True)


def test_verdict_and_roster_lead_to_the_version_at_the_desk(system, deliver, query):
    settings = dataclasses.replace(system.settings, desk_url="https://rtm.bank.example/rtm")
    deliver_reference(deliver)
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    deliver("roster", "unknown.csv", roster().replace("KARTU", ""), DAY_BEFORE)
    run_cycle(System(settings, system.warehouse), DAY_BEFORE)
    versions = query("select version_id, service_code from ops.roster_version order by 1")
    pages = {
        f"https://rtm.bank.example/rtm/rosters{f'/versions/{number}' if service else ''}"
        for number, service in (row.values() for row in versions)
    }
    assert len(pages) == 2
    mails = query("select kind, body_text, body_html from ops.outbox")
    assert {mail["kind"] for mail in mails} == {"roster_verdict", "roster_distribution"}
    linked = [[page for page in pages if f": {page}\n" in mail["body_text"]] for mail in mails]
    assert all(len(links) == 1 for links in linked)
    assert {links[0] for links in linked} == pages
    assert all(
        '<a href="https://rtm.bank.example/rtm/rosters' in mail["body_html"] for mail in mails
    )


def test_a_roster_without_anybody_to_send_it_to_is_not_distributed(system, deliver, query):
    deliver_reference(deliver)
    leader = REFERENCE["agent"].splitlines()[3]
    without = f"{REFERENCE['agent'].splitlines()[0]}\n{leader.replace('lia@bank.example', '')}\n"
    deliver("agent", "no_address.csv", without, DAY_BEFORE - timedelta(hours=1))
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    land_feeds(system, DAY_BEFORE)
    gate_rosters(system, DAY_BEFORE)
    assert distribute_rosters(system, DAY_BEFORE) == {"distributed": 0}
    assert validity(query)[:2] == ("valid", None)
    at = DAY_BEFORE + timedelta(hours=1)
    deliver("agent", "address.csv", REFERENCE["agent"], at)
    land_feeds(system, at)
    assert distribute_rosters(system, at) == {"distributed": 1}
    assert distribute_rosters(system, at) == {"distributed": 0}


AGENTS = REFERENCE["agent"] + "L2,Lukman,lukman@bank.example,team_leader,T2,2026-01-01\n"
TEAMS = "team_code,team_name,service_code,team_leader_id,coordinator_id\nT2,Dua,KARTU,L2,K1\n"
MINUTE = timedelta(minutes=1)


def mailed(query):
    """Who was sent the roster, and what came of it."""
    rows = query(
        "select recipient, state from ops.outbox where kind = 'roster_distribution' order by 1"
    )
    return {row["recipient"].partition("@")[0]: row["state"] for row in rows}


@pytest.fixture
def refused(system, deliver):
    """A roster of two team leaders, of whom one has a wrong address; gives what runs a cycle."""
    deliver_reference(deliver)
    deliver("team", "second.csv", TEAMS, DAY_BEFORE - timedelta(hours=1))
    deliver("agent", "second.csv", AGENTS, DAY_BEFORE - timedelta(hours=1))
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    with open_mailbox() as mailbox:
        mailbox.unknown = {"lia@bank.example"}
        settings = dataclasses.replace(system.settings, smtp_url=mailbox.url)

        def cycle(minute: int) -> None:
            run_cycle(System(settings, system.warehouse), DAY_BEFORE + minute * MINUTE)

        cycle(0)
        cycle(1)
        yield cycle


def test_a_roster_that_one_leader_was_refused_is_distributed_at_the_corrected_address(
    refused, system, deliver, query
):
    assert mailed(query) == {"lia": "refused", "lukman": "sent"}
    assert validity(query) == ("valid", None, False)
    deliver("agent", "right.csv", AGENTS.replace("lia@", "li.a@"), DAY_BEFORE + 2 * MINUTE)
    land_feeds(system, DAY_BEFORE + 2 * MINUTE)
    assert distribute_rosters(system, DAY_BEFORE + 2 * MINUTE) == {"distributed": 1}
    # Not before it has been taken
    assert validity(query) == ("valid", None, False)
    for minute in (3, 4):
        refused(minute)
    assert mailed(query) == {"lia": "refused", "li.a": "sent", "lukman": "sent"}
    assert validity(query) == ("valid", DAY_BEFORE + 3 * MINUTE, True)
    # Who leads the team later takes nothing back.
    later = AGENTS.replace("lia@", "li.a@").replace("lukman@", "lu.kman@")
    deliver("agent", "later.csv", later, DAY_BEFORE + 5 * MINUTE)
    refused(5)
    assert validity(query) == ("valid", DAY_BEFORE + 3 * MINUTE, True)
    assert "lu.kman" not in mailed(query)


def test_a_leader_who_loses_the_wrong_address_has_the_roster_no_sooner(refused, deliver, query):
    silent = AGENTS.replace("lia@bank.example", "")
    deliver("agent", "silent.csv", silent, DAY_BEFORE + 2 * MINUTE)
    refused(2)
    assert validity(query) == ("valid", None, False)
    deliver("agent", "right.csv", AGENTS.replace("lia@", "li.a@"), DAY_BEFORE + 3 * MINUTE)
    refused(3)
    assert validity(query) == ("valid", DAY_BEFORE + 3 * MINUTE, True)


def test_a_refused_leader_who_leads_no_more_is_waited_for_no_more(refused, deliver, query):
    gone = REFERENCE["team"].replace(",L1,", ",L2,")
    assert gone != REFERENCE["team"]
    deliver("team", "gone.csv", gone, DAY_BEFORE + 2 * MINUTE)
    of_no_team = AGENTS.replace("team_leader,T1", "team_leader,")
    deliver("agent", "gone.csv", of_no_team, DAY_BEFORE + 2 * MINUTE)
    refused(2)
    assert mailed(query) == {"lia": "refused", "lukman": "sent"}
    assert validity(query) == ("valid", DAY_BEFORE, True)


def test_a_roster_whose_days_are_over_is_not_written_anew(refused, deliver, query):
    over = 3 * 24 * 60
    at = DAY_BEFORE + over * MINUTE
    deliver("agent", "right.csv", AGENTS.replace("lia@", "li.a@"), at)
    refused(over)
    assert mailed(query) == {"lia": "refused", "lukman": "sent"}
    assert validity(query) == ("valid", None, False)


def test_a_deputy_gets_the_roster_too_and_until_then_its_distribution_is_not_proved(
    system, deliver, query
):
    deliver_reference(deliver)
    agents = REFERENCE["agent"] + "D1,Dedi,dedi@bank.example,team_leader,T1,2026-01-01\n"
    deliver("agent", "deputy.csv", agents, DAY_BEFORE - timedelta(hours=1))
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    with open_mailbox() as mailbox:
        mailbox.unknown = {"dedi@bank.example"}
        settings = dataclasses.replace(system.settings, smtp_url=mailbox.url)
        run_cycle(System(settings, system.warehouse), DAY_BEFORE)
        assert mailed(query) == {"dedi": "refused", "lia": "sent"}
        assert validity(query) == ("valid", None, False)
        corrected = DAY_BEFORE + 2 * MINUTE
        deliver("agent", "right.csv", agents.replace("dedi@", "de.di@"), corrected)
        run_cycle(System(settings, system.warehouse), corrected)
    assert mailed(query) == {"dedi": "refused", "de.di": "sent", "lia": "sent"}
    assert validity(query) == ("valid", corrected, True)
    # Each with the workbook and the calendar of the team
    attached = (
        "select cardinality(attachments) as files from ops.outbox"
        " where kind = 'roster_distribution'"
    )
    assert query(attached) == [{"files": 2}] * 3


def test_a_deputy_who_never_had_an_address_holds_no_proof_up(refused, deliver, query):
    silent = "D1,Dedi,,team_leader,T1,2026-01-01\n"
    agents = AGENTS.replace("lia@", "li.a@") + silent
    deliver("agent", "right.csv", agents, DAY_BEFORE + 2 * MINUTE)
    refused(2)
    assert mailed(query) == {"lia": "refused", "li.a": "sent", "lukman": "sent"}
    assert validity(query) == ("valid", DAY_BEFORE + 2 * MINUTE, True)
