"""A landing that is killed at any moment leaves nothing half done, and nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from rtm.settings import REPOSITORY

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
ROWS = 20_000

LAND = """
import dataclasses, sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import make_url
from rtm.cycle import System, land_feeds
from rtm.settings import Settings
from rtm.warehouse import Warehouse
url, landing, as_of = sys.argv[1:]
settings = Settings(home=Path(landing), landing_url=landing, database_url=url)
print("ready", flush=True)
land_feeds(System(settings, Warehouse(make_url(url))), datetime.fromisoformat(as_of))
print("done", flush=True)
"""


def start_landing(system):
    url = system.warehouse.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", LAND, url, system.settings.landing_url, NOON.isoformat()],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "plugins")},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def files(deliver):
    """Three files of events; a tenth of the rows of each is in the next one too."""
    header = "event_id,occurred_at,agent_id,event,state\n"
    for number in range(3):
        first = number * (ROWS - ROWS // 10)
        rows = (
            f"E{event},2026-11-22T{event // 3600 % 24:02d}:{event // 60 % 60:02d}:"
            f"{event % 60:02d}+07:00,A{event % 7},state,ready\n"
            for event in range(first, first + ROWS)
        )
        deliver("agent_event", f"events-{number}.csv", header + "".join(rows), NOON)
    return 3 * ROWS - 2 * (ROWS // 10)


def test_a_landing_killed_at_random_moments_ends_with_every_row_once(system, files, query):
    chance = random.Random(7)
    killed = 0
    for _ in range(12):
        process = start_landing(system)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.8))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        (loaded,) = query(
            "select coalesce(sum(rows_read), 0) as told,"
            " (select count(*) from raw.agent_event) as kept from ops.file_ledger"
        )
        # What the ledger tells of is there, and nothing else: files overlap by a tenth.
        assert loaded["told"] in (0, ROWS, 2 * ROWS, 3 * ROWS)
        overlaps = max(int(loaded["told"]) // ROWS - 1, 0)
        assert loaded["kept"] == loaded["told"] - overlaps * (ROWS // 10)
    assert killed > 0, "every landing had ended before it was killed: nothing was tested"
    process = start_landing(system)
    output, _ = process.communicate()
    assert output.endswith("done\n")
    assert query("select count(*) as n, count(distinct event_id) as ids from raw.agent_event") == [
        {"n": files, "ids": files}
    ]
