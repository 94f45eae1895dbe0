"""What the tests of the vendors' formats share: the small centre, and its day in the marts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts
from tests.small_centre import MORNING


@pytest.fixture
def centre(fill):
    """The small centre with its roster; brings its marts to given moments."""

    def run(*moments):
        for moment in moments:
            fill(moment)

    return run


@pytest.fixture
def site(centre, deliver, request):
    """The centre, with the QUEUES and ALIASES that the test module says of its source."""
    early = MORNING - timedelta(days=2)
    deliver("queue", "queue.csv", request.module.QUEUES, early)
    deliver("agent_alias", "alias.csv", request.module.ALIASES, early)
    return centre


@pytest.fixture
def rebuild(system):
    """Computes everything anew at a clock."""

    def run(as_of):
        with system.warehouse.engine().begin() as connection:
            connection.execute(text("update ops.clock set needs_rebuild = true"))
        build_marts(system, as_of)

    return run


@pytest.fixture
def chats(query):
    """By conversation: seconds since the morning of received, answered and closed; the agent."""

    def seconds(moment):
        return None if moment is None else (moment - MORNING).total_seconds()

    def read():
        rows = query("select * from intermediate.int_conversation order by conversation_id")
        return {
            row["conversation_id"]: (
                seconds(row["received_at"]),
                seconds(row["first_response_at"]),
                seconds(row["closed_at"]),
                row["external_agent_id"],
            )
            for row in rows
        }

    return read


@pytest.fixture
def day(query):
    """What is not 0 in the sum of all intervals of voice."""

    def read(service="KARTU"):
        (row,) = query(
            "select sum(offered) as offered, sum(answered) as answered,"
            " sum(abandoned) as abandoned, sum(short_abandoned) as short_abandoned,"
            " sum(left_in_menu) as left_in_menu,"
            " sum(timed_out) as timed_out, sum(blocked) as blocked, sum(still_open) as still_open,"
            " sum(wait_s_sum) as wait_s, sum(handle_s_sum) as handle_s, sum(handled) as handled"
            " from marts.fct_scr_interval where service_code = :service",
            service=service,
        )
        return {name: value for name, value in row.items() if value}

    return read


@pytest.fixture
def attendance(query):
    def read(agent="A1"):
        (row,) = query(
            "select * from marts.fct_attendance where agent_id = :agent and shift_code = 'P'",
            agent=agent,
        )
        return row

    return read


@pytest.fixture
def aux(query):
    """Seconds and occurrences by agent and code."""

    def read():
        rows = query("select agent_id, aux_code, aux_s, occurrences from marts.fct_aux_usage")
        return {
            (row["agent_id"], row["aux_code"]): (row["aux_s"], row["occurrences"]) for row in rows
        }

    return read


def lines(*documents: object) -> str:
    """Documents as a stream writes them: one a line."""
    return "".join(json.dumps(document) + "\n" for document in documents)
