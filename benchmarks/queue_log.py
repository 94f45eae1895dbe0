"""A month's queue_log of Asterisk, a million lines, from the file to the tables that marts read.

And the same log delivered again with one more minute at its end.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.results import Result
from rtm.cycle import System, run_step
from rtm.notify import ON_PAPER
from rtm.settings import Settings
from rtm.warehouse.embedded import EmbeddedPostgres

LINES = 1_000_000
GOAL_S = 60.0
MINUTE_LINES = 50
GOAL_MINUTE_S = 2.0
DAYS = 30
AGENTS = 200
LOG = "asterisk_queue_log/queue_log"
QUEUE = "KARTU"
"""The name of the service, so that nobody need say for which service the queue is."""
BEGIN = datetime(2026, 10, 1, 1, tzinfo=UTC)
SHIFT_S = 9 * 3600
SERVICE = "service_code,service_name,client_name,timezone\nKARTU,Kartu Kredit,Bank,Asia/Jakarta\n"
TEAM = "team_code,team_name,service_code,team_leader_id,coordinator_id\nT1,Satu,KARTU,L1,K1\n"


def measure_queue_log(home: Path, full: bool) -> list[Result]:
    """Seconds of landing the log and of computing all tables from it, in an empty warehouse, and of
    landing it again a minute later."""
    settings = Settings(
        home=home, landing_url=str(home / "landing"), database_url=None, smtp_url=ON_PAPER
    )
    try:
        system = System.open(settings)
        system.prepare()
        _deliver(Path(settings.landing_url))
        as_of = BEGIN + timedelta(days=DAYS)
        landed = _seconds(system, "land_feeds", as_of)
        with system.warehouse.engine().connect() as connection:
            lines, calls = (
                connection.exec_driver_sql(f"select count(*) from {table}").scalar_one()
                for table in ("raw.asterisk_queue_log", "raw.agent")
            )
            if (lines, calls) != (LINES, AGENTS):
                raise RuntimeError(f"{lines} lines and {calls} agents came in: nothing is measured")
        built = _seconds(system, "build_marts", as_of)
        with system.warehouse.engine().connect() as connection:
            calls, events = (
                connection.exec_driver_sql(f"select count(*) from {table}").scalar_one()
                for table in ("intermediate.int_call", "intermediate.int_agent_event")
            )
        detail = f"landing {landed:.1f} s, tables {built:.1f} s; {calls} calls, {events} events"
        grown = _grow(system, as_of)
        return [
            Result("queue_log_to_tables", landed + built, "s", GOAL_S, "<=", detail),
            Result(
                *("queue_log_minute", grown, "s", GOAL_MINUTE_S, "<="),
                f"landing of {LINES} lines again with {MINUTE_LINES} more",
            ),
        ]
    finally:
        EmbeddedPostgres(home).stop()


def _seconds(system: System, step: str, as_of: datetime) -> float:
    began = time.monotonic()
    run_step(system, step, as_of)
    return time.monotonic() - began


def _grow(system: System, as_of: datetime) -> float:
    """Seconds of landing the whole log once more, with the lines of a minute at its end."""
    at = int((as_of + timedelta(minutes=1)).timestamp())
    log = Path(system.settings.landing_url) / LOG
    with log.open("a") as out:
        out.writelines(f"{at}|NONE|{QUEUE}|A{n}|PAUSE|\n" for n in range(MINUTE_LINES))
    os.utime(log, (at, at))
    took = _seconds(system, "land_feeds", as_of + timedelta(minutes=1))
    with system.warehouse.engine().connect() as connection:
        lines = connection.exec_driver_sql(
            "select count(*) from raw.asterisk_queue_log"
        ).scalar_one()
    if lines != LINES + MINUTE_LINES:
        raise RuntimeError(f"{lines} lines came in: nothing is measured")
    return took


def _deliver(landing: Path) -> None:
    agents = "".join(f"A{number},Agent {number},agent,T1,2026-01-01\n" for number in range(AGENTS))
    files = {
        "service/service.csv": SERVICE,
        "team/team.csv": TEAM,
        "agent/agent.csv": "agent_id,agent_name,role,team_code,active_from\n" + agents,
    }
    for name, content in files.items():
        (landing / name).parent.mkdir(parents=True)
        (landing / name).write_text(content)
    log = landing / LOG
    log.parent.mkdir()
    with log.open("w") as out:
        out.writelines(line for line, _ in zip(_lines(), range(LINES), strict=False))
    for file in landing.rglob("*"):
        os.utime(file, (BEGIN.timestamp(), BEGIN.timestamp()))


def _lines() -> Iterator[str]:
    """Days of shifts with calls and pauses, as many lines a day as make up the month."""
    chance = random.Random(1)
    calls_a_day = LINES // DAYS // 4
    call = 0
    for day in range(2 * DAYS):
        start = int((BEGIN + timedelta(days=day)).timestamp())
        told: list[tuple[int, str]] = []
        for number in range(AGENTS):
            agent = f"A{number}"
            pause = start + chance.randrange(SHIFT_S - 3600)
            for second, event, data in (
                (start + chance.randrange(600), "ADDMEMBER", ""),
                (pause, "PAUSE", "ISTIRAHAT"),
                (pause + chance.randrange(300, 3600), "UNPAUSE", ""),
                (start + SHIFT_S + chance.randrange(600), "REMOVEMEMBER", ""),
            ):
                told.append((second, f"NONE|{QUEUE}|{agent}|{event}|{data}"))
        for _ in range(calls_a_day):
            call += 1
            agent = f"A{chance.randrange(AGENTS)}"
            entered = start + chance.randrange(SHIFT_S)
            waited, talked = chance.randrange(1, 60), chance.randrange(20, 600)
            told.append((entered, f"{call}.1|{QUEUE}|NONE|ENTERQUEUE||0812|1"))
            if chance.random() < 0.08:
                told.append((entered + waited, f"{call}.1|{QUEUE}|NONE|ABANDON|1|1|{waited}"))
                continue
            answered = entered + waited
            told.append((answered, f"{call}.1|{QUEUE}|{agent}|RINGNOANSWER|15000"))
            told.append((answered, f"{call}.1|{QUEUE}|{agent}|CONNECT|{waited}|{call}.2|5"))
            told.append(
                (
                    answered + talked,
                    f"{call}.1|{QUEUE}|{agent}|COMPLETECALLER|{waited}|{talked}|1",
                )
            )
        told.sort()
        yield from (f"{second}|{line}\n" for second, line in told)
