"""A warehouse that is not the embedded one: PostgreSQL 16, reached by `RTM_DATABASE_URL`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from rtm.cycle import System, run_cycle
from rtm.machine import free_port
from rtm.settings import Settings
from rtm.warehouse import Role
from rtm.warehouse.embedded import _as_server_user, _programs, _server_user
from rtm.warehouse.engine import WarehouseError
from rtm.warehouse.roles import READER_CONNECTIONS, READER_SETTINGS, role_statements
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference, roster

OLDEST = "pginstall"
"""The folder of PostgreSQL 16 in the wheel that also brings 18."""


@pytest.fixture
def postgres_16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A server of its own for each test, since roles belong to the server. It trusts everybody on
    loopback; its superuser is `root`."""
    folder = tmp_path_factory.mktemp("postgres16")
    data, port = folder / "data", free_port()
    data.mkdir(mode=0o700)
    if user := _server_user():
        os.chown(data, user.pw_uid, user.pw_gid)
    programs = _programs().parents[1] / OLDEST / "bin"

    def run(program: str, *arguments: str) -> None:
        with (folder / "log").open("a") as log:
            subprocess.run(
                [*_as_server_user(), str(programs / program), "-D", str(data), *arguments],
                check=True, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip

    run("initdb", "-U", "root", "--auth=trust", "--encoding=UTF8", "--locale=C")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    run("pg_ctl", "-w", "-l", str(data / "server.log"), "-o", options, "start")
    yield URL.create("postgresql+psycopg", "root", None, "127.0.0.1", port, "postgres")
    run("pg_ctl", "-m", "fast", "-w", "stop")


@pytest.fixture
def administer(postgres_16: URL) -> Callable[..., None]:
    def run(*statements: str, database: str = "postgres") -> None:
        url = postgres_16.set(drivername="postgresql", database=database)
        with psycopg.connect(url.render_as_string(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    return run


def open_system(url: URL, tmp_path: Path) -> System:
    return System.open(
        Settings.from_environment(
            {
                "RTM_HOME": str(tmp_path / "home"),
                "RTM_LANDING_URL": str(tmp_path / "landing"),
                "RTM_DATABASE_URL": url.render_as_string(hide_password=False),
            }
        )
    )


def run_an_hour(system: System, deliver) -> None:
    deliver_reference(deliver)
    deliver("roster", "today.csv", roster(), MORNING - timedelta(days=1))
    at = MORNING + timedelta(minutes=30)
    calls = [call(f"c{n}", at, "answered" if n % 3 == 0 else "abandoned", 40) for n in range(12)]
    deliver("call", "calls.csv", CALL_HEADER + "".join(calls), at)
    run_cycle(system, at + timedelta(minutes=5))


def test_the_whole_cycle_runs_on_version_16(postgres_16, administer, deliver, tmp_path):
    administer("create database bank")
    system = open_system(postgres_16.set(database="bank"), tmp_path)
    run_an_hour(system, deliver)
    with system.warehouse.transaction(Role.APP) as connection:
        assert "PostgreSQL 16" in connection.execute(text("select version()")).scalar_one()
        row = connection.execute(
            text("select sum(offered) as offered, sum(answered) as answered"
                 " from marts.fct_scr_interval")
        ).one()  # fmt: skip
        assert tuple(row) == (12, 4)
        assert connection.execute(text("select count(*) from ops.breach")).scalar_one() == 1
    assert not (tmp_path / "home" / "postgres").exists(), "no embedded server was made"


def test_a_login_that_may_make_roles_is_enough(postgres_16, administer, deliver, tmp_path):
    administer(
        "create role maker login createrole",
        "create database makers owner maker",
    )
    run_an_hour(
        open_system(postgres_16.set(username="maker", database="makers"), tmp_path), deliver
    )


def test_roles_that_an_administrator_made_are_used(postgres_16, administer, deliver, tmp_path):
    administer(
        "create role plain login",
        *role_statements("plain"),
        "create database plains owner plain",
    )
    run_an_hour(
        open_system(postgres_16.set(username="plain", database="plains"), tmp_path), deliver
    )


def test_a_login_without_roles_is_told_what_an_administrator_has_to_do(
    postgres_16, administer, tmp_path
):
    administer("create role lonely login", "create database lonelys owner lonely")
    with pytest.raises(WarehouseError, match="have an administrator run: create role rtm_loader; "):
        open_system(postgres_16.set(username="lonely", database="lonelys"), tmp_path)


def test_a_reader_sees_marts_and_nothing_else(postgres_16, administer, deliver, tmp_path):
    administer("create database read")
    url = postgres_16.set(database="read")
    run_an_hour(open_system(url, tmp_path), deliver)
    administer("alter role rtm_reader login")
    reader = url.set(drivername="postgresql", username="rtm_reader").render_as_string()
    with psycopg.connect(reader, autocommit=True) as connection:
        assert connection.execute("select sum(offered) from marts.fct_scr_interval").fetchone()
        for forbidden in (
            "select 1 from raw.call",
            "select 1 from ops.outbox",
            "select 1 from intermediate.int_call",
            "select 1 from staging.stg_canonical__call",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table mine (x int)")
        for setting, value in READER_SETTINGS.items():
            assert connection.execute(f"show {setting}").fetchone() == (value,)
        limit = "select rolconnlimit from pg_roles where rolname = current_user"
        assert connection.execute(limit).fetchone() == (READER_CONNECTIONS,)
