"""A published roster reaches its team leaders, and what counts as proof of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from rtm.cycle import System, distribute_rosters, gate_rosters, land_feeds, run_cycle
from rtm.notify import ON_PAPER
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
