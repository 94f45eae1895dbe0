"""The simulated centre with a row for every panel, and what reads it: the login of the boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import text

from grafana.source.asking import Span, Values, variable_values
from grafana.source.boards import BOARDS
from grafana.source.words import Words
from rtm.warehouse import Warehouse
from scripts.readme import CLOCK
from tests.desk_centre import copied

# What does not happen on the simulated day: a step that fails, an outside id of nobody, a coaching
# step that waits, a plan that is overdue and one that was carried out, a mail that waits.
RARE = (
    """
    insert into ops.cycle (as_of, step, started_at, finished_at, error)
    select as_of, step, started_at, finished_at, 'no space left'
    from ops.cycle order by cycle_id desc limit 1
    """,
    """
    insert into intermediate.int_agent_event
    select (event).*
    from (
        select jsonb_populate_record(
            told, jsonb_build_object('event_key', gen_random_uuid(), 'agent_id', null)
        ) as event
        from intermediate.int_agent_event as told limit 1
    ) as unmapped
    """,
    """
    insert into ops.coaching
        (agent_id, service_code, status, status_since, proposed_step, proposed_step_no, proposed_at)
    select attendance.agent_id, attendance.service_code, 'proposed', :clock, step_code, step_no,
        :clock
    from marts.fct_attendance as attendance
    inner join marts.dim_agent as agent using (agent_id)
    inner join marts.rpt_coaching_step as step
        on step.service_code = attendance.service_code and step.step_no = 1
    where agent.team_code = :team
    limit 1
    """,
)

TEAM = """
    select team_code
    from marts.fct_breach inner join marts.dim_agent using (agent_id)
    where scope = 'agent'
    group by team_code
    order by count(distinct matter) desc, count(*) desc, team_code
    limit 1
"""
"""The one of which most is to be told."""


@pytest.fixture(scope="session")
def rare_centre(centre: Warehouse) -> Iterator[Warehouse]:
    """A copy: other tests read the centre as it was."""
    with copied(centre) as warehouse:
        with warehouse.engine().begin() as connection:
            told = {"clock": CLOCK, "team": connection.execute(text(TEAM)).scalar_one()}
            for statement in RARE:
                names = {name: told[name] for name in told if f":{name}" in statement}
                connection.execute(text(statement), names)
        yield warehouse


@pytest.fixture(scope="session")
def reader(postgres, rare_centre: Warehouse) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Signed in as Grafana signs in: the role's own settings hold."""
    url = postgres.reader_url.set(drivername="postgresql", database=rare_centre.url.database)
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(scope="session")
def chosen(reader) -> dict[str, Values]:
    """By board, what stands in its variables when it is opened."""

    def ask(sql: str) -> list[dict[str, Any]]:
        return reader.execute(sql).fetchall()

    words = Words.read("id")
    opened = {
        board.name: variable_values(board, words, ask, Span.of(board, CLOCK)) for board in BOARDS
    }
    (told,) = ask(TEAM)
    return {
        name: {**values, "team": told["team_code"]} if "team" in values else values
        for name, values in opened.items()
    }
