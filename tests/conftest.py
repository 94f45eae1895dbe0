"""What the tests share: one real PostgreSQL for the session, a prepared warehouse for each test.

A warehouse is a copy of a template database, made by PostgreSQL in a fraction of a second.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import URL

from rtm.cycle import System
from rtm.settings import REPOSITORY, Settings
from rtm.warehouse import Warehouse
from rtm.warehouse.embedded import EmbeddedPostgres, RunningPostgres

if TYPE_CHECKING:
    from tests.small_desk import SmallDesk

TEMPLATE = "rtm_template"
DATABASE = "rtm_test"
"""One name for all tests: dbt's parsed project holds the database's name."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[RunningPostgres]:
    """An embedded server of the session's own, which need not survive a power cut."""
    embedded = EmbeddedPostgres(home)
    running = embedded.start()
    _administer(running.warehouse_url, "alter system set fsync = off")
    _administer(running.warehouse_url, "select pg_reload_conf()")
    yield running
    embedded.stop()


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home, landing_url=str(home / "landing"), database_url=None)


@pytest.fixture(scope="session")
def template(postgres: RunningPostgres, settings: Settings) -> URL:
    """A database with roles, tables and models, without a row."""
    url = postgres.warehouse_url
    _administer(url, "create database {}", DATABASE)
    system = System(settings, Warehouse(url.set(database=DATABASE)))
    system.prepare()
    system.warehouse.close()
    _administer(url, "alter database {} rename to {}", DATABASE, TEMPLATE)
    return url


@pytest.fixture
def system(template: URL, settings: Settings, tmp_path: Path) -> Iterator[System]:
    """A prepared, empty system whose landing folder is `tmp_path / "landing"`."""
    import dataclasses

    landing = tmp_path / "landing"
    landing.mkdir()
    with prepared_warehouse(template) as warehouse:
        yield System(dataclasses.replace(settings, landing_url=str(landing)), warehouse)


Begin = Callable[[str, Callable[[], object]], None]


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of each stage that a test of the session has reached, what its landing folder held then."""
    return {}


@pytest.fixture
def begin(
    system: System,
    template: URL,
    tmp_path: Path,
    stages: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Begin:
    """Brings the system to a stage at which many tests begin, known by its name: the first of them
    acts, for the others its database and its landing folder are copied."""
    landing = tmp_path / "landing"

    def run(name: str, act: Callable[[], object]) -> None:
        if name in stages:
            shutil.copytree(stages[name], landing, dirs_exist_ok=True)
            system.warehouse.close()
            _administer(template, "drop database {} with (force)", DATABASE)
            _administer(template, "create database {} template {}", DATABASE, name)
            return
        act()
        system.warehouse.close()
        _close_connections(template)
        _administer(template, "create database {} template {}", name, DATABASE)
        kept = tmp_path_factory.mktemp(name)
        stages[name] = shutil.copytree(landing, kept, dirs_exist_ok=True)

    return run


@pytest.fixture
def small(system: System, deliver: Callable[..., Path], tmp_path: Path, begin: Begin) -> SmallDesk:
    """The desk of the small centre, in the evening of the day that its roster is for."""
    from tests.small_desk import SmallDesk

    desk = SmallDesk(system, tmp_path / "landing")
    desk.prepare(deliver, begin, "evening")
    return desk


@pytest.fixture
def fill(system: System, deliver: Callable[..., Path], begin: Begin) -> Callable[[datetime], None]:
    """The small centre with the roster of its day, both in the raw tables; brings the marts to a
    moment, which is what a cycle does but for breaches and mails."""
    from rtm.cycle import build_marts, gate_rosters, land_feeds
    from tests.small_centre import MORNING, deliver_reference, roster

    day_before = MORNING - timedelta(days=1)

    def take_in() -> None:
        deliver_reference(deliver)
        deliver("roster", "roster.csv", roster(), day_before)
        land_feeds(system, day_before)
        gate_rosters(system, day_before)

    def run(moment: datetime) -> None:
        for step in (land_feeds, gate_rosters, build_marts):
            step(system, moment)

    begin("rostered", take_in)
    return run


@pytest.fixture
def warehouse(system: System) -> Warehouse:
    return system.warehouse


@pytest.fixture
def query(warehouse: Warehouse) -> Callable[..., list[dict[str, Any]]]:
    """Runs a query and gives its rows as dictionaries."""

    def run(statement: str, **parameters: Any) -> list[dict[str, Any]]:
        with warehouse.engine().connect() as connection:
            rows = connection.execute(text(statement), parameters)
            return [dict(row._mapping) for row in rows]

    return run


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file into a feed's folder, as if it had arrived at a moment."""

    def write(feed: str, name: str, content: str | bytes, arrived_at: datetime) -> Path:
        folder = tmp_path / "landing" / feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (arrived_at.timestamp(), arrived_at.timestamp()))
        return path

    return write


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real samples, which may not be kept in the repository."""
    folder = Path(os.environ.get("RTM_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"real samples may not be published; set RTM_REAL_DATA (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def centre(
    template: URL, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """The simulated centre in the middle of its day, for those who read it."""
    from tests.desk_centre import filled_warehouse

    with filled_warehouse(template, settings, tmp_path_factory.mktemp("centre")) as warehouse:
        yield warehouse


@contextmanager
def prepared_warehouse(template: URL) -> Iterator[Warehouse]:
    """A copy of the template; one at a time, for all have the same name."""
    _administer(template, "create database {} template {}", DATABASE, TEMPLATE)
    warehouse = Warehouse(template.set(database=DATABASE))
    yield warehouse
    warehouse.close()
    _administer(template, "drop database {} with (force)", DATABASE)


@contextmanager
def maintenance(url: URL) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server's own database, from which others are made and removed."""
    with psycopg.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        yield connection


def _close_connections(url: URL) -> None:
    """Of dbt, which keeps its own: a database that somebody is in cannot be copied."""
    with maintenance(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            [DATABASE],
        )


def _administer(url: URL, statement: str, *names: str) -> None:
    with maintenance(url) as connection:
        connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))
