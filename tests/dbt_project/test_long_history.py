"""A minute looks up what it touched, however much is stored: the planner, who expects a share of
the history for each agent, would read all of it instead."""

from __future__ import annotations

import re

import pytest

from rtm.running_dbt import compile_inline

# Two months of two hundred agents with an event every ten minutes of a shift; in this minute
# something arrived for each of them.
FILL = """
insert into intermediate.int_agent_event
    (event_key, agent_id, occurred_at, event, state, is_early)
select
    md5(agent || ' ' || at)::uuid, 'X' || agent, at, 'state', 'ready', false
from generate_series(1, 200) as agent
cross join generate_series(date '2026-09-24', date '2026-11-22', interval '1 day') as day
cross join lateral generate_series(day + interval '1 hour', day + interval '9 hours', '10 minutes')
    as at
order by at;
insert into intermediate.int_agent_state
    (agent_id, session_started_at, starts_at, ends_at, state, closes_itself)
select
    agent_id, date_trunc('day', occurred_at) + interval '1 hour', occurred_at,
    occurred_at + interval '10 minutes', 'ready', false
from intermediate.int_agent_event
order by occurred_at;
insert into intermediate.int_agent_session (agent_id, session_started_at, ends_at)
select agent_id, session_started_at, max(ends_at)
from intermediate.int_agent_state
group by agent_id, session_started_at;
insert into intermediate.int_agent_touched (agent_id, restart_at, session_from, state, ends_at)
select
    'X' || agent, timestamptz '2026-11-22 08:50+00', timestamptz '2026-11-22 01:00+00', 'ready',
    'infinity'
from generate_series(1, 200) as agent;
insert into intermediate.int_rotg_session_touched (agent_id, from_at)
select agent_id, session_from from intermediate.int_agent_touched;
insert into raw.agent
    (agent_id, agent_name, role, active_from, _load_id, _file_id, _arrived_at, _file_name)
select agent_id, agent_id, 'agent', '2026-01-01', 1, 1, now(), 'agent.csv'
from intermediate.int_agent_touched;
analyze intermediate.int_agent_event, intermediate.int_agent_state, intermediate.int_agent_session,
    intermediate.int_agent_touched, intermediate.int_rotg_session_touched
"""
MODELS = (
    "agents/int_agent_state.sql",
    "agents/int_agent_session.sql",
    "quality/int_agent_event_defect.sql",
    "rotg/int_rotg_session.sql",
)
WHOLE = re.compile(r"Seq Scan on int_agent_(event|state|session)\b")


@pytest.fixture
def history(system):
    with system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(FILL)
    return system


def test_a_minute_reads_no_whole_table_and_a_rebuild_does(history):
    for model in MODELS:
        minute, rebuild = (plan(history, model, load_from) for load_from in (1, 0))
        assert not WHOLE.search(minute), f"{model}: {minute}"
        assert WHOLE.search(rebuild), f"{model}: too little is stored to tell"


def plan(system, model: str, load_from: int) -> str:
    """How the model's statement is carried out in a run that has seen the loads up to a number."""
    clock = {
        "as_of": "2026-11-23 00:00:00+00",
        "previous_as_of": "2026-11-22 23:59:00+00",
        "load_from": load_from,
        "load_to": 1,
        "interval_min": 30,
    }
    path = system.settings.dbt_project / "models" / "intermediate" / model
    sql = compile_inline(system.warehouse, system.settings, path.read_text(), clock)
    with system.warehouse.engine().begin() as connection:
        # A long history is larger than memory.
        connection.exec_driver_sql("set local effective_cache_size = '1MB'")
        return "\n".join(connection.exec_driver_sql(f"explain {sql}").scalars())
