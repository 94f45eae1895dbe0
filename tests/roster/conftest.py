"""A small centre whose rosters are judged, and somebody who operates the system."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from rtm.cycle import System, gate_rosters, land_feeds
from tests.small_centre import MORNING, deliver_reference

DAY_BEFORE = MORNING - timedelta(days=1)
OPERATOR = "operator@bank.example"
MAKERS = ["lia@bank.example", "wati@bank.example"]
"""The team leader and workforce management of the small centre."""


@pytest.fixture
def system(system):
    settings = dataclasses.replace(system.settings, operators=(OPERATOR,))
    return System(settings, system.warehouse)


@pytest.fixture
def judge(system, deliver, query):
    """Delivers a roster the day before, runs the gate, gives its findings."""
    deliver_reference(deliver)

    def run(content, at=DAY_BEFORE, name="roster.csv"):
        deliver("roster", name, content, at)
        land_feeds(system, at)
        gate_rosters(system, at)
        return findings(query, name)

    return run


@pytest.fixture
def change(system, deliver):
    """Delivers reference data later on, and runs the gate; gives how many rosters it judged."""

    def run(feed, content, at):
        deliver(feed, f"{feed}_{at:%d%H%M}.csv", content, at)
        land_feeds(system, at)
        return gate_rosters(system, at)["judged"]

    return run


def findings(query, name="roster.csv"):
    return query(
        """
        select finding.* from ops.roster_finding as finding
        inner join ops.roster_version using (version_id)
        inner join ops.file_ledger as ledger using (file_id)
        where ledger.file_name = :name order by finding_id
        """,
        name=name,
    )


def verdicts(query):
    """By the name of the file."""
    rows = query(
        """
        select ledger.file_name, version.verdict from ops.roster_version as version
        inner join ops.file_ledger as ledger using (file_id)
        """
    )
    return {row["file_name"]: row["verdict"] for row in rows}


def published(query):
    return query("select roster_date, version_id from ops.roster_day order by roster_date")


def mails(query):
    return query("select recipient, subject, body_text from ops.outbox order by mail_id")
