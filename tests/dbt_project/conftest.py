"""What the tests of descriptions share: the marts as dbt reads them, and a week of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rtm.cycle import System, run_cycle
from scripts.dictionary import Mart, read_marts, read_project
from tests.small_centre import CALL_HEADER, call, deliver_reference, roster

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
"""08:00 in Jakarta, when the shifts of the week begin."""
LATE_DAYS = {"A1": 3, "A2": 2}
"""On how many of the five days each agent comes 20 minutes late, from Monday on."""


@pytest.fixture(scope="session")
def project(home: Path) -> Manifest:
    return read_project(home / "docs")


@pytest.fixture(scope="session")
def marts(project: Manifest) -> list[Mart]:
    return read_marts(project)


@pytest.fixture
def late_week(system: System, deliver) -> System:
    """Five days: A1 is late on three and A2 on two of them. While somebody is late, two calls of
    four are answered, otherwise all. A1 takes 90 minutes of rest on Monday, 60 are allowed."""
    deliver_reference(deliver, MONDAY - timedelta(days=3))
    deliver("roster", "week.csv", roster(5, MONDAY.date()), MONDAY - timedelta(days=1))
    events, calls = [], []
    for day in range(5):
        start = MONDAY + timedelta(days=day)
        for agent, late_days in LATE_DAYS.items():
            login = start + timedelta(minutes=20 * (day < late_days))
            events += [
                f"{login.isoformat()},{agent},login,,",
                f"{(start + timedelta(hours=9)).isoformat()},{agent},logout,,",
            ]
        outcomes = ["answered", "abandoned"] * 2 if day < 3 else ["answered"] * 4
        calls += [
            call(f"c{day}{number}", start + timedelta(minutes=5 + number), outcome, 40)
            for number, outcome in enumerate(outcomes)
        ]
    rest = MONDAY + timedelta(hours=4)
    events += [
        f"{rest.isoformat()},A1,state,aux,ISTIRAHAT",
        f"{(rest + timedelta(minutes=90)).isoformat()},A1,state,ready,",
    ]
    talk = f"v1,KARTU,chat,{MONDAY.isoformat()},{(MONDAY + timedelta(seconds=20)).isoformat()}\n"
    end = MONDAY + timedelta(days=5)
    deliver(
        "conversation",
        "talks.csv",
        "conversation_id,service_code,channel,received_at,first_response_at\n" + talk,
        end,
    )
    header = "occurred_at,agent_id,event,state,aux_code\n"
    deliver("agent_event", "events.csv", header + "\n".join(events) + "\n", end)
    deliver("call", "calls.csv", CALL_HEADER + "".join(calls), end)
    run_cycle(system, end)
    return system
