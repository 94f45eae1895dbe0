"""The simulated centre of the README at its clock, for the desk to show: with people whose names
are markup, and the kinds of users that the desk tells apart."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import URL

from rtm.cycle import System, run_cycle
from rtm.notify import ON_PAPER
from rtm.settings import Settings
from rtm.simulator import demo_scenario, simulate
from rtm.warehouse import Role, Warehouse
from scripts.readme import CLOCK, SEED
from tests.conftest import DATABASE, maintenance, prepared_warehouse

KEPT = "rtm_desk"
MARKUP = "<script>alert('x')</script>"

TEAM_LEADER, OTHER_LEADER, COORDINATOR, WFM, AGENT = (
    *("KRT0003", "DGT0003", "KRT0001", "KRT0002", "KRT0017"),
)
MARKED, OFFICE, GONE, IDLE, DEPUTY = "MRK1", "WFM1", "OLD1", "IDL1", "DEP1"
"""A team leader whose name is markup; workforce management without a team; one who has left; a
team leader without a team; one whose team another leads by the feed `team`."""

MORE = {
    "service": "service_code,service_name,client_name,timezone\n"
    f"MARKED,{MARKUP},Bank,Asia/Makassar\n",
    "team": "team_code,team_name,service_code,team_leader_id,coordinator_id\n"
    f"MRK-T,{MARKUP},MARKED,MRK1,KRT0001\n",
    "agent": "agent_id,agent_name,email,role,team_code,active_from,active_to\n"
    f"MRK1,{MARKUP},Marked.Leader@Bank.Example,team_leader,MRK-T,2026-01-01,\n"
    "MRK2,Budi,shared@bank.example,team_leader,MRK-T,2026-01-01,\n"
    "MRK3,Sari,shared@bank.example,team_leader,MRK-T,2026-01-01,\n"
    "WFM1,Wati,wati@bank.example,wfm,,2026-01-01,\n"
    "OLD1,Lama,lama@bank.example,team_leader,MRK-T,2026-01-01,2026-11-22\n"
    "IDL1,Idris,idris@bank.example,team_leader,,2026-01-01,\n"
    "DEP1,Deni,deni@bank.example,team_leader,MRK-T,2026-01-01,\n",
    "kpi_target": "service_code,channel,kpi,comparator,target,effective_from\n"
    "MARKED,voice,scr,>=,95,2026-01-01\n",
}

BEFORE_MIN = (40, 20, 0)
"""When the last cycles run, before the clock."""

# Breaches of days gone by, more than one page of them; one is of a roster.
PAST = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, roster_date, started_at, detected_at, cleared_at,
         cleared_because, comparator, target, observed, numerator, denominator, severity)
    select
        'KARTU',
        case when n = 1 then 'roster' else 'voice' end,
        case when n = 1 then 'roster_h1' else 'scr' end,
        case when n = 1 then date '2026-11-20' end,
        cast(:clock as timestamptz) - make_interval(days => n + 2, mins => 30),
        cast(:clock as timestamptz) - make_interval(days => n + 2),
        cast(:clock as timestamptz) - make_interval(days => n + 2, mins => -45),
        'met',
        '>=',
        case when n = 1 then 1 else 95 end,
        case when n = 1 then 0 else 80 end,
        case when n = 1 then 0 else 80 end,
        case when n = 1 then 1 else 100 end,
        'critical'
    from generate_series(1, 30) as n
    """
)


@contextmanager
def filled_warehouse(template: URL, settings: Settings, folder: Path) -> Iterator[Warehouse]:
    """The centre at `CLOCK`, in a database of its own name that stays for the session."""
    landing = folder / "landing"
    with prepared_warehouse(template) as warehouse:
        told = dataclasses.replace(settings, landing_url=str(landing), smtp_url=ON_PAPER)
        simulate(demo_scenario(CLOCK, SEED), landing, CLOCK, truth=folder / "truth")
        _deliver_more(landing)
        system = System(told, warehouse)
        run_cycle(system, CLOCK - timedelta(hours=30))
        for minutes in BEFORE_MIN:
            run_cycle(system, CLOCK - timedelta(minutes=minutes))
        with warehouse.transaction(Role.APP) as connection:
            connection.execute(PAST, {"clock": CLOCK})
        warehouse.close()
        _rename(template, DATABASE, KEPT)
        kept = Warehouse(template.set(database=KEPT))
        yield kept
        kept.close()
        _rename(template, KEPT, DATABASE)


@contextmanager
def copied(centre: Warehouse) -> Iterator[Warehouse]:
    """The filled warehouse once more, for those who write in it."""
    centre.close()
    copy = f"{KEPT}_{secrets.token_hex(4)}"
    with maintenance(centre.url) as connection:
        names = (sql.Identifier(copy), sql.Identifier(KEPT))
        connection.execute(sql.SQL("create database {} template {}").format(*names))
    warehouse = Warehouse(centre.url.set(database=copy))
    yield warehouse
    warehouse.close()
    with maintenance(centre.url) as connection:
        dropped = sql.SQL("drop database {} with (force)").format(sql.Identifier(copy))
        connection.execute(dropped)


def _deliver_more(landing: Path) -> None:
    arrived = (CLOCK - timedelta(days=2)).timestamp()
    for feed, content in MORE.items():
        path = landing / feed / "more.csv"
        path.write_text(content)
        os.utime(path, (arrived, arrived))


def _rename(url: URL, name: str, new_name: str) -> None:
    with maintenance(url) as connection:
        # dbt keeps its connection for the next run.
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        names = (sql.Identifier(name), sql.Identifier(new_name))
        connection.execute(sql.SQL("alter database {} rename to {}").format(*names))
