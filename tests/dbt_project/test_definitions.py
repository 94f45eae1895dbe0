"""The marts say what the definitions say: compared, row by row, with a plain reading of them in
Python over random worlds, delivered in random slices, some files long after they arrived.
"""

from __future__ import annotations

import dataclasses
import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import text

from rtm.cycle import System, run_cycle
from rtm.notify import ON_PAPER
from rtm.warehouse import Warehouse
from tests.conftest import DATABASE, TEMPLATE, maintenance
from tests.oracle.comparison import mart_differences
from tests.oracle.landing import hold_back, reveal, write_world
from tests.oracle.reference import marts
from tests.oracle.world import World
from tests.oracle.worlds import worlds

COMPARED = (
    "fct_scr_interval",
    "fct_response_time_interval",
    "fct_attendance",
    "fct_login_compliance",
    "fct_aux_usage",
    "fct_adherence_interval",
    "fct_rotg_violation",
    "fct_roster_evaluation",
    "rpt_data_quality",
    "rpt_data_quality_row",
    "rpt_feed_freshness",
    "dim_agent_history",
    "dim_kpi_target_history",
    "dim_service_history",
    "dim_team_history",
)
OF_ROWS = " where kind !~ '^(quarantined|unknown_(column|value)|roster|shift)'"
MODELLED = {
    "rpt_data_quality": OF_ROWS,
    "rpt_data_quality_row": OF_ROWS,
    "fct_rotg_violation": " where rule_code in ('short_calls_in_row', 'ringing_unanswered')",
}
"""What the reference knows of a mart, where that is not all of it."""


WRONG = {
    "fct_scr_interval": "update intermediate.int_voice_interval set offered = offered + 1",
    "fct_roster_evaluation": "update raw.staffing_requirement set required_agents = '7'",
    "rpt_data_quality": "delete from intermediate.int_call_defect where kind <> 'after_as_of'",
    "rpt_data_quality_row": "update intermediate.int_agent_event_defect set delivered_row = 0",
    "rpt_feed_freshness": "update ops.file_ledger set arrived_at = arrived_at - interval '1 h'",
}
"""Changes after which a mart must differ."""


@pytest.fixture(scope="module")
def fresh_system(template, request, tmp_path_factory):
    """Makes an empty system over a world's files; the database is replaced each time."""
    base = request.getfixturevalue("settings")
    folder = tmp_path_factory.mktemp("worlds")

    def make(world: World) -> System:
        with maintenance(template) as connection:
            for statement in ("drop database if exists {} with (force)",):
                connection.execute(sql.SQL(statement).format(sql.Identifier(DATABASE)))
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(TEMPLATE)
                )
            )
        landing = folder / "landing"
        shutil.rmtree(landing, ignore_errors=True)
        write_world(world, landing)
        chosen = dataclasses.replace(
            base,
            landing_url=str(landing),
            interval_min=world.interval_minutes,
            smtp_url=ON_PAPER,
        )
        return System(chosen, Warehouse(template.set(database=DATABASE)))

    yield make
    with maintenance(template) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE))
        )


def differing(system: System, world: World) -> list[str]:
    """All differences of the marts from the reference."""
    expected = marts(world)
    found: list[str] = []
    with system.warehouse.engine().connect() as connection:
        for mart in COMPARED:
            rows = [
                dict(row._mapping)
                for row in connection.execute(
                    text(f"select * from marts.{mart}{MODELLED.get(mart, '')}")
                )
            ]
            found += mart_differences(mart, expected[mart], rows)
    return found


def random_ticks(world: World, seed: int, count: int) -> list:
    """Random clocks from the first delivery on; the last is the world's own."""
    first = min(delivery.arrived_at for delivery in world.deliveries)
    span = (world.as_of - first) / timedelta(seconds=1)
    chance = Random(seed)
    return [
        *sorted(first + timedelta(seconds=chance.uniform(0, span)) for _ in range(count)),
        world.as_of,
    ]


@given(world=worlds(), seed=st.integers(0, 2**16), slices=st.sampled_from((0, 2, 4)))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_any_slicing_of_any_world_ends_in_the_marts_of_the_definitions(
    fresh_system, world, seed, slices
):
    system = fresh_system(world)
    try:
        ticks = random_ticks(world, seed, slices)
        held = hold_back(Path(system.settings.landing_url), ticks, Random(seed))
        for tick in ticks:
            reveal(held[tick])
            run_cycle(system, tick)
        assert differing(system, world) == []
    finally:
        system.warehouse.close()


@given(world=worlds(size=2))
@settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_comparison_sees_a_wrong_number(fresh_system, world):
    system = fresh_system(world)
    try:
        run_cycle(system, world.as_of)
        with system.warehouse.engine().begin() as connection:
            for change in WRONG.values():
                assert connection.exec_driver_sql(change).rowcount > 0
        found = differing(system, world)
        assert {
            mart: 0 for mart in WRONG if not any(one.startswith(f"{mart}: ") for one in found)
        } == {}
    finally:
        system.warehouse.close()
