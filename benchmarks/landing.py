"""Landing a large file of agent events, against a bare COPY of the same file.

The bare COPY puts the file, unread, into a table of text columns without an index; landing also
checks every cell, looks for what was delivered before and keeps its ledger. Both take turns on one
server, so that whatever else the machine does meanwhile weighs on both.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from upath import UPath

from benchmarks.results import Result
from rtm.landing import land_files
from rtm.sources import FEEDS
from rtm.warehouse import Warehouse
from rtm.warehouse.embedded import EmbeddedPostgres
from rtm.warehouse.prepare import prepare

ROUNDS = 5
GOAL_RATIO = 0.5
AGENTS = 2_000
BEGIN = datetime(2026, 11, 16, tzinfo=UTC)
JAKARTA = timedelta(hours=7)
CHUNK = 1 << 20
EVENT = FEEDS["agent_event"]
EVENTS = (
    *("login,,", "logout,,", "state,ready,", "state,busy,", "state,acw,"),
    *("state,aux,BREAK", "state,aux,PRAYER", "state,aux,COACHING"),
)


def landing_results(home: Path, full: bool) -> list[Result]:
    """The figures as the runner takes them; `full` is five times as many rows."""
    rows = 5_000_000 if full else 1_000_000
    measured = measure_landing(home, rows)
    return [
        Result(
            *("landing_against_bare_copy", measured["ratio"], "", GOAL_RATIO, ">="),
            f"{rows} agent events; bare COPY {measured['copy_rows_per_s']:.0f} rows/s",
        ),
        Result(
            *("landing_speed", measured["landing_rows_per_s"], "rows/s", None, ">="),
            f"median of {ROUNDS} rounds, one file in one transaction",
        ),
    ]


def measure_landing(home: Path, rows: int = 1_000_000) -> dict[str, float]:
    """Rows per second of a bare COPY and of landing, and the ratio of their medians.

    Makes a server of its own below `home`, and stops it.
    """
    embedded = EmbeddedPostgres(home)
    warehouse = Warehouse(embedded.start().warehouse_url)
    try:
        prepare(warehouse)
        return _measure(warehouse, home, rows)
    finally:
        warehouse.close()
        embedded.stop()


def _measure(warehouse: Warehouse, home: Path, rows: int) -> dict[str, float]:
    copy_s, landing_s = [], []
    for number in range(ROUNDS):
        # A landing of its own and new events each time: nothing was delivered before.
        landing = home / "landing" / str(number)
        file = landing / EVENT.name / f"events-{number}.csv"
        # As in a day's files, no two are of one size.
        count = rows + number
        write_events(file, count, BEGIN + timedelta(days=14 * number))
        copy_s.append(_seconds_of_copy(warehouse, file, count))
        landing_s.append(_seconds_of_landing(warehouse, landing, count))
        file.unlink()
    copied, landed = (rows / statistics.median(seconds) for seconds in (copy_s, landing_s))
    return {"copy_rows_per_s": copied, "landing_rows_per_s": landed, "ratio": landed / copied}


def write_events(file: Path, rows: int, begin: datetime) -> None:
    """A file of `rows` events of two weeks from `begin` on, in the order in which they occur."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as content:
        content.write("event_id,occurred_at,agent_id,event,state,aux_code,source\n")
        content.writelines(_events(rows, begin))


def _events(rows: int, begin: datetime) -> Iterator[str]:
    chance = random.Random(rows)
    agents = [f"A{chance.randrange(10**6):06d}" for _ in range(AGENTS)]
    per_second = -(-rows // int(timedelta(days=14).total_seconds()))
    first = int(begin.timestamp()) * 1000
    for row in range(rows):
        if row % per_second == 0:
            moment = begin + JAKARTA + timedelta(seconds=row // per_second)
            occurred_at = f"{moment:%Y-%m-%dT%H:%M:%S}+07:00"
        agent, event = chance.choice(agents), chance.choice(EVENTS)
        yield f"EV-{first + row},{occurred_at},{agent},{event},acd\n"


def _seconds_of_copy(warehouse: Warehouse, file: Path, rows: int) -> float:
    """A bare COPY into a new table of text columns, to the end of its commit."""
    url = warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    columns = ", ".join(f"{name} text" for name in EVENT.column_names)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create table public.bare_copy ({columns})")
        cursor = connection.cursor()
        began = time.monotonic()
        with (
            file.open("rb") as content,
            cursor.copy("copy public.bare_copy from stdin (format csv, header)") as copy,
        ):
            while chunk := content.read(CHUNK):
                copy.write(chunk)
        took = time.monotonic() - began
        _require(cursor.rowcount, rows)
        connection.execute("drop table public.bare_copy")
    return took


def _seconds_of_landing(warehouse: Warehouse, landing: Path, rows: int) -> float:
    began = time.monotonic()
    report = land_files(warehouse, UPath(landing), datetime.now(UTC))
    took = time.monotonic() - began
    _require(report.rows, rows)
    return took


def _require(count: int, rows: int) -> None:
    if count != rows:
        raise RuntimeError(f"{count} of {rows} rows came in: nothing was measured")
