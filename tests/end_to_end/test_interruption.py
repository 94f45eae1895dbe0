"""A cycle that is killed anywhere and run again ends as if nothing had happened."""

from __future__ import annotations

import multiprocessing
import random
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import System, run_cycle
from rtm.running_dbt import run_dbt
from rtm.warehouse import Warehouse
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call, deliver_reference, roster

MINUTE = timedelta(minutes=1)
MARTS = (
    *("fct_attendance", "fct_login_compliance", "fct_scr_interval", "fct_roster_validity"),
    *("dim_agent_history", "dim_kpi_target_history", "dim_service_history", "dim_team_history"),
)
KILLS = 10


@pytest.fixture
def day(deliver):
    """A small centre in which something arrives every ten minutes."""
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster(), MORNING - timedelta(days=1))
    for number in range(KILLS):
        at = MORNING + 10 * number * MINUTE
        lost = "".join(call(f"L{number}-{n}", at, "abandoned", 30) for n in range(6))
        deliver("call", f"calls-{number}.csv", CALL_HEADER + lost, at)
        corrected = REFERENCE["agent"].replace("Ani", f"Ani {number // 2}")
        deliver("agent", f"agents-{number}.csv", corrected, at)
        deliver(
            "agent_event",
            f"events-{number}.csv",
            "event_id,occurred_at,agent_id,event,state\n"
            f"E{number},{at.isoformat()},A{1 + number % 2},state,ready\n",
            at,
        )


def test_a_cycle_killed_at_random_moments_ends_as_an_undisturbed_one(system, day, query):
    run_dbt(system.warehouse, system.settings, "ls")  # parsed once, for all that are killed
    chance = random.Random(5)
    fork = multiprocessing.get_context("fork")
    stopped_in = set()
    for number in range(KILLS):
        tick = MORNING + 10 * number * MINUTE
        process = fork.Process(target=_cycle_of_its_own, args=(system, tick))
        process.start()
        time.sleep(chance.uniform(0.3, 3.0))
        process.kill()
        process.join()
        done = query("select count(*) as steps from ops.cycle where as_of = :tick", tick=tick)
        stopped_in.add(done[0]["steps"])
    assert stopped_in & {1, 2, 3, 4, 5}, "every kill came before or after the work"

    end = MORNING + 10 * KILLS * MINUTE
    run_cycle(system, end)
    after_kills = _marts(query)
    assert all(after_kills.values())
    assert query("select count(*) as n from ops.breach where kpi = 'scr'") == [{"n": 1}]
    assert query("select count(*) as n from ops.recovery_plan") == [{"n": 1}]
    with system.warehouse.engine().begin() as connection:
        connection.execute(text("update ops.clock set needs_rebuild = true"))
    run_cycle(system, end)
    assert _marts(query) == after_kills


def _cycle_of_its_own(system, tick):
    """Connections cannot be shared with the parent process."""
    run_cycle(System(system.settings, Warehouse(system.warehouse.url)), tick)


def _marts(query):
    return {mart: sorted(map(repr, query(f"select * from marts.{mart}"))) for mart in MARTS}
