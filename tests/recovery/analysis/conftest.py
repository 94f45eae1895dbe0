"""The troubled centre in a real warehouse, landed once for all tests that only read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text

from rtm.cycle import System, run_step
from rtm.simulator.running import simulate
from rtm.warehouse import Role, Warehouse
from tests.conftest import prepared_warehouse
from tests.recovery.analysis.troubled_centre import LOOKED_AT, TROUBLES, troubled_scenario

WATCHED = text(
    """
    select *, window_start_at as started_at, as_of as detected_at
    from marts.rpt_kpi_watch
    where service_code = :service_code and kpi = :kpi
    """
)


@dataclass(frozen=True)
class TroubledCentre:
    warehouse: Warehouse
    as_of: datetime

    def breach(self, name: str, kpi: str, **told: Any) -> dict[str, Any]:
        """What detection would write of a KPI as it stands."""
        with self.warehouse.transaction(Role.APP) as connection:
            asked = {"service_code": TROUBLES[name].service_code, "kpi": kpi}
            return {**connection.execute(WATCHED, asked).mappings().one(), **told}


@pytest.fixture(scope="package")
def centre(template, settings, tmp_path_factory) -> Iterator[TroubledCentre]:
    scenario = troubled_scenario()
    as_of = scenario.start + LOOKED_AT
    landing = tmp_path_factory.mktemp("troubled") / "landing"
    simulate(scenario, landing, as_of)
    with prepared_warehouse(template) as warehouse:
        system = System(dataclasses.replace(settings, landing_url=str(landing)), warehouse)
        for step in ("land_feeds", "gate_rosters", "build_marts"):
            run_step(system, step, as_of)
        yield TroubledCentre(warehouse, as_of)


@pytest.fixture
def connection(centre) -> Iterator[Connection]:
    """As the plans are drafted: by the role of the application."""
    with centre.warehouse.transaction(Role.APP) as connection:
        yield connection


@pytest.fixture
def changed(centre) -> Iterator[Connection]:
    """One in which a test may change what was delivered; nothing of it stays."""
    with centre.warehouse.engine().connect() as connection:
        yield connection
        connection.rollback()
