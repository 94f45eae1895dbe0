"""The histories of the dimensions say the same in any order and any slicing of the same files.

Small worlds of reference data alone, in which few things are said of few keys at few moments, so
that deliveries meet: at one moment, within one file, again after another, before the service that
they name, found long after they arrived.
"""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts, run_cycle
from tests.oracle.comparison import mart_differences
from tests.oracle.histories import histories
from tests.oracle.landing import hold_back, reveal, write_world
from tests.oracle.world import Cells, Delivery, World

START = datetime(2026, 11, 16, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENTS = 10
HISTORIES = (
    *("dim_agent_history", "dim_kpi_target_history", "dim_service_history", "dim_team_history"),
)
CURRENT = {
    "dim_agent": "agent_id",
    "dim_kpi_target": "service_code, channel, kpi, valid_from",
    "dim_service": "service_code",
    "dim_team": "team_code",
}


def random_row(chance: Random, feed: str) -> Cells:
    pick = chance.choice
    if feed == "service":
        return {
            "service_code": pick(("S1", "S2", "S3")),
            "service_name": pick(("Kartu", "Kredit")),
            "client_name": "Bank",
            "timezone": "Asia/Jakarta",
            "short_abandon_s": pick(("", "5", "5,0", "7")),
            "counts_self_service": pick(("", "ya", "tidak")),
        }
    if feed == "team":
        return {
            "team_code": pick(("T1", "T2")),
            "team_name": pick(("Satu", "Dua")),
            # The last one is never delivered
            "service_code": pick(("S1", "S1", "S2", "S3", "S9")),
            "team_leader_id": "L1",
            "coordinator_id": "K1",
        }
    if feed == "agent":
        return {
            "agent_id": pick(("A1", "A2")),
            "agent_name": pick(("Ani", "Ani", "Budi")),
            "email": pick(("", "a@example.com")),
            "role": pick(("agent", "Agent")),
            "team_code": pick(("T1", "T2", "T3", "")),
            # Not shown
            "night_shift_allowed": pick(("", "no")),
            "active_from": "2026-01-01",
            "active_to": pick(("", "", "2026-12-31")),
        }
    return {
        "service_code": pick(("S1", "S2", "S9")),
        "channel": "voice",
        "kpi": pick(("service_level", "service_level/1", "service_level/2")),
        "comparator": ">=",
        "target": pick(("80", "80.0", "90")),
        "effective_from": pick(("2026-01-01", "2026-11-16")),
    }


def random_world(chance: Random) -> World:
    """Dumps and single rows, new ones and the same again."""
    deliveries: list[Delivery] = []
    for number in range(40):
        feed = chance.choice(("service", "team", "team", "agent", "agent", "kpi_target"))
        rows = tuple(random_row(chance, feed) for _ in range(chance.randrange(1, 4)))
        earlier = [delivery.rows for delivery in deliveries if delivery.feed == feed]
        if earlier and chance.random() < 0.5:
            rows = chance.choice(earlier)
        name = f"{chance.randrange(100):02d}_{number}.{chance.choice(('csv', 'jsonl'))}"
        arrived_at = START + chance.randrange(MOMENTS) * HOUR
        deliveries.append(Delivery(feed, name, arrived_at, rows))
    return World(tuple(deliveries), START + MOMENTS * HOUR)


def found_by(landing: Path, world: World, tick: datetime) -> World:
    """The files that are there at a tick and have arrived."""
    there = tuple(
        delivery
        for delivery in world.deliveries
        if (landing / delivery.feed / delivery.file_name).exists()
    )
    return dataclasses.replace(world, deliveries=there, as_of=tick)


@pytest.fixture
def differing(query):
    """All differences of the histories from those of a world."""

    def compare(world: World) -> list[str]:
        expected = histories(world)
        assert set(expected) == set(HISTORIES)
        return [
            difference
            for mart in HISTORIES
            for difference in mart_differences(
                mart, expected[mart], query(f"select * from marts.{mart}")
            )
        ]

    return compare


def deliver_again(landing: Path, delivery: Delivery, arrived_at: datetime) -> Delivery:
    """The same file by the same name, which arrives once more."""
    path = landing / delivery.feed / delivery.file_name
    os.utime(path, (arrived_at.timestamp(), arrived_at.timestamp()))
    return dataclasses.replace(delivery, arrived_at=arrived_at)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_slicing_of_any_files_ends_in_the_same_histories(
    system, query, differing, seed
):
    chance = Random(seed)
    world = random_world(chance)
    landing = Path(system.settings.landing_url)
    write_world(world, landing)
    minutes = sorted(chance.sample(range(1, MOMENTS * 60), 4))
    ticks = [*(START + minute * HOUR / 60 for minute in minutes), world.as_of]
    held = hold_back(landing, ticks, chance, share=0.5)
    taken_in: list[Delivery] = []
    for tick in ticks:
        reveal(held[tick])
        run_cycle(system, tick)
        if taken_in and chance.random() < 0.7:
            again = deliver_again(landing, chance.choice(taken_in), tick)
            world = dataclasses.replace(world, deliveries=(*world.deliveries, again))
            run_cycle(system, tick)
        known = found_by(landing, world, tick)
        assert differing(known) == []
        taken_in = [delivery for delivery in known.deliveries if delivery.arrived_at <= tick]
    assert len(found_by(landing, world, world.as_of).deliveries) == len(world.deliveries)
    assert query("select * from marts.dim_agent_history where version > 2") != []

    marts = {mart: f"select * from marts.{mart}" for mart in (*HISTORIES, *CURRENT)}
    incremental = {mart: sorted(map(repr, query(rows))) for mart, rows in marts.items()}
    with system.warehouse.engine().begin() as connection:
        connection.execute(text("update ops.clock set needs_rebuild = true"))
    build_marts(system, world.as_of)
    for mart, rows in marts.items():
        assert sorted(map(repr, query(rows))) == incremental[mart]
    for mart, key in CURRENT.items():
        columns = f"{key}, known_from_at"
        current = query(f"select {columns} from marts.{mart} order by {key}")
        held_now = f"select {columns} from marts.{mart}_history where is_current order by {key}"
        assert current == query(held_now)


def test_the_comparison_sees_a_version_that_is_missing(system, query, differing):
    world = random_world(Random(0))
    write_world(world, Path(system.settings.landing_url))
    run_cycle(system, world.as_of)
    assert differing(world) == []
    with system.warehouse.engine().begin() as connection:
        lost = "delete from intermediate.int_reference_version where version = 2"
        assert connection.execute(text(lost)).rowcount > 3
    assert len(differing(world)) > 3
