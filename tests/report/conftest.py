"""A centre of two services in two zones, over the end of a month, small enough to count by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from rtm.cycle import System, run_cycle
from rtm.notify import ON_PAPER
from rtm.report import FORMATS, Month, Report, make_report
from rtm.warehouse import Warehouse
from tests.small_centre import REFERENCE

NOVEMBER = Month.read("2026-11")
EVIL = '=HYPERLINK("http://evil.example","Layanan")'
"""The name of the eastern service."""

SERVICES = (
    "service_code,service_name,client_name,timezone\n"
    "KARTU,Kartu Kredit,Bank,Asia/Jakarta\n"
    '"TIMUR","=HYPERLINK(""http://evil.example"",""Layanan"")",Bank,Asia/Jayapura\n'
)
TARGET_HEADER = "service_code,channel,kpi,comparator,target,effective_from,effective_to\n"
TARGETS = (
    TARGET_HEADER + "KARTU,voice,scr,>=,95,2026-01-01,2026-11-14\n"
    "KARTU,voice,scr,>=,70,2026-11-15,\n"
    "KARTU,voice,abandon_rate,<=,5,2026-01-01,\n"
    "KARTU,voice,aht,<=,300,2026-01-01,\n"
    "KARTU,email,response_time,>=,90,2026-01-01,\n"
    "KARTU,all,staffing,>=,100,2026-01-01,\n"
)
CORRECTED = TARGETS.replace("abandon_rate,<=,5", "abandon_rate,<=,60")
CALLS = "call_id,service_code,direction,arrived_at,queued_at,answered_at,left_at,ended_at,outcome\n"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def call(number: str, service: str, moment: datetime, outcome: str = "answered") -> str:
    """A call that waits for ten seconds, and talks for a minute if it is answered."""
    end, over = moment + timedelta(seconds=10), moment + timedelta(seconds=70)
    times = f"{end.isoformat()},,{over.isoformat()}"
    if outcome != "answered":
        times = f",{end.isoformat()},"
    return (
        f"{number},{service},inbound,{moment.isoformat()},{moment.isoformat()},{times},{outcome}\n"
    )


# On the eve of December the east is two hours ahead: 15:10 UTC is December there
LOG = CALLS + "".join(
    [
        call("a1", "KARTU", at("2026-11-10T10:00:00+07:00")),
        call("a2", "KARTU", at("2026-11-10T10:01:00+07:00"), "abandoned"),
        call("b1", "KARTU", at("2026-11-20T10:00:00+07:00")),
        call("b2", "KARTU", at("2026-11-20T10:01:00+07:00")),
        call("b3", "KARTU", at("2026-11-20T10:02:00+07:00"), "abandoned"),
        call("c1", "KARTU", at("2026-11-30T23:50:00+07:00")),
        call("c2", "KARTU", at("2026-12-01T00:10:00+07:00")),
        call("d1", "TIMUR", at("2026-11-30T23:50:00+09:00")),
        call("d2", "TIMUR", at("2026-11-30T23:51:00+09:00"), "abandoned"),
        *(call(f"e{n}", "TIMUR", at(f"2026-12-01T00:1{n}:00+09:00")) for n in range(5)),
    ]
)


@pytest.fixture
def months(system: System, deliver: Callable[..., Any]) -> System:
    """The centre with its records of November, before its first cycle."""
    begin = at("2026-11-01T08:00:00+07:00")
    for feed, content in {**REFERENCE, "service": SERVICES, "kpi_target": TARGETS}.items():
        deliver(feed, f"{feed}.csv", content, begin)
    deliver("kpi_target", "corrected.csv", CORRECTED, at("2026-11-20T09:00:00+07:00"))
    deliver("call", "calls.csv", LOG, at("2026-12-01T00:20:00+07:00"))
    return System(dataclasses.replace(system.settings, smtp_url=ON_PAPER), system.warehouse)


@pytest.fixture
def run(months: System) -> Callable[[str], System]:
    def to(moment: str) -> System:
        run_cycle(months, at(moment))
        return months

    return to


@pytest.fixture
def write(months: System) -> Callable[..., None]:
    def execute(statement: str, **values: Any) -> None:
        with months.warehouse.engine().begin() as connection:
            connection.execute(text(statement), values)

    return execute


def made(
    warehouse: Warehouse, month: Month = NOVEMBER, language: Any = "en", now: str | None = None
) -> Report:
    moment = at(now or "2026-12-01T09:00:00+07:00")
    return make_report(warehouse, month, language, FORMATS, "a test", moment)
