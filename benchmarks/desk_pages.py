"""How long a page of the desk takes, and the draft of a plan with its analysis, over a large centre
with a long history, of which people have written as much. Called where that history is already
stored (`benchmarks.growth`)."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.paperwork import write_paperwork
from benchmarks.results import Result
from rtm.cycle import System
from rtm.desk.app import create_desk
from rtm.desk.identity import SignedIn
from rtm.desk.parts import Desk, Doors
from rtm.recovery import follow_plans

SERVICE = "S0"
COORDINATOR, ADMINISTRATOR = "K0", "admin"
AGENT = "A0"
REQUESTS, DOWNLOADS = 40, 10
GOAL_PAGE_S = 0.3
PAPERWORK_DAYS = 90

BREACH = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, started_at, detected_at, comparator, target, observed,
         numerator, denominator, severity)
    values (:service, 'voice', 'scr', :since, :as_of, '>=', 95, 80, 80, 100, 'critical')
    returning breach_id
    """
)
PLAN = text("select plan_id from ops.recovery_plan where breach_id = :breach_id")


def measure_desk(system: System, as_of: datetime, size: str) -> list[Result]:
    """Seconds of a draft, and of the pages for the coordinator of one service and for who sees
    all of them."""
    window = {"service": SERVICE, "since": as_of - timedelta(minutes=30), "as_of": as_of}
    with system.warehouse.engine().begin() as connection:
        size = f"{size}, {write_paperwork(connection, as_of, PAPERWORK_DAYS)}"
        breach_id = connection.execute(BREACH, window).scalar_one()
    vacuum(system)
    began = time.monotonic()
    follow_plans(system.warehouse, system.settings, as_of)
    drafting_s = time.monotonic() - began
    with system.warehouse.engine().connect() as connection:
        plan_id = connection.execute(PLAN, {"breach_id": breach_id}).scalar_one()
    pages = ("/", "/breaches", f"/breaches/{breach_id}", f"/plans/{plan_id}", "/rosters", "/audit")
    of_the_floor = ("/exceptions", "/coaching", f"/coaching/agents/{AGENT}", "/rotg")
    downloads = (f"/plans/{plan_id}/form.pdf", f"/plans/month.xlsx?month={as_of:%Y-%m}")
    table = Table("page", "reader", "median ms", "p95 ms", title="The desk")
    slowest: dict[bool, float] = {True: 0.0, False: 0.0}
    # An administrator is nobody of the floor
    for reader, paths in (
        (COORDINATOR, (*pages, *of_the_floor, *downloads)),
        (ADMINISTRATOR, pages),
    ):
        client = TestClient(_desk(system, reader, as_of))
        for path in paths:
            is_page = path not in downloads
            times = REQUESTS if is_page else DOWNLOADS
            took = [_seconds(client, path) for _ in range(times + 1)][1:]
            p95 = statistics.quantiles(took, n=20)[-1]
            slowest[is_page] = max(slowest[is_page], p95)
            table.add_row(
                path, reader, f"{statistics.median(took) * 1000:.0f}", f"{p95 * 1000:.0f}"
            )
    Console(highlight=False).print(table)
    told = "form of a plan, plans of a month"
    return [
        Result("desk_page_p95", slowest[True], "s", GOAL_PAGE_S, "<=", f"slowest page; {size}"),
        Result("desk_download_p95", slowest[False], "s", None, "<=", f"{told}; {size}"),
        Result("plan_drafting", drafting_s, "s", None, "<=", f"one breach, with analysis; {size}"),
    ]


def vacuum(system: System) -> None:
    """What autovacuum does in the minutes that a benchmark does not wait for."""
    with system.warehouse.engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))


def _desk(system: System, user: str, as_of: datetime) -> FastAPI:
    def identify(request: Request) -> SignedIn:
        return SignedIn(user, is_administrator=user == ADMINISTRATOR)

    doors = Doors(lambda path: path, "/")
    desk = Desk(system.settings, b"benchmark", doors, lambda: system.warehouse, lambda: as_of)
    return create_desk(desk, identify)


def _seconds(client: TestClient, path: str) -> float:
    began = time.monotonic()
    answer = client.get(path, headers={"accept": "text/html"})
    took = time.monotonic() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}\n{answer.text[:2000]}")
    return took
