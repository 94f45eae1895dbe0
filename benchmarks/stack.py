"""The whole embedded stack with the demo's centre: memory at rest and in cycles, and how long a
run of the minute DAG takes under the real scheduler."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.results import Result
from rtm.machine import free_port
from rtm.settings import REPOSITORY
from rtm.warehouse.embedded import EmbeddedPostgres

GOAL_GB = 2.5
WATCHED_S = 200
EVERY_S = 0.5


def measure_stack(home: Path, full: bool) -> list[Result]:
    """Resident memory as the kernel apportions it (PSS), and seconds of whole DAG runs."""
    environment = {
        **os.environ,
        "RTM_HOME": str(home),
        "RTM_AIRFLOW_PORT": str(free_port()),
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }
    command = [sys.executable, "-m", "rtm", "stack"]
    began = time.monotonic()
    try:
        subprocess.run([*command, "demo"], env=environment, check=True, capture_output=True)
        demo_s = time.monotonic() - began
        samples = _watch(home, WATCHED_S * (3 if full else 1))
        runs = _dag_runs(home)
    finally:
        subprocess.run([*command, "down"], env=environment, check=True, capture_output=True)
    steady = runs[1:]
    return [
        Result(
            *("stack_memory_most", max(samples) / 1e9, "GB", GOAL_GB, "<="),
            f"at rest {min(samples) / 1e9:.2f} GB; proportional set size of all processes",
        ),
        Result(
            *("demo_until_the_board", demo_s, "s", 300, "<="),
            f"packages installed; the first run took the day in {runs[0]:.1f} s",
        ),
        Result(
            *("minute_dag_run_median", statistics.median(steady), "s", 20, "<="),
            f"under Airflow's scheduler, longest {max(steady):.1f} s of {len(steady)}",
        ),
    ]


def _watch(home: Path, seconds: float) -> list[int]:
    """Bytes of all processes of the stack, sampled over idle times and cycles alike."""
    samples = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        samples.append(sum(_proportional_set_size(process) for process in _stack_processes(home)))
        time.sleep(EVERY_S)
    return samples


def _stack_processes(home: Path) -> list[Path]:
    """supervisord and PostgreSQL with all their descendants."""
    roots = {
        (home / "supervisor" / "supervisord.pid").read_text().strip(),
        (home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0],
    }
    children: dict[str, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        children.setdefault(parent, []).append(entry.name)
    found: list[str] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return [Path("/proc") / pid for pid in found]


def _proportional_set_size(process: Path) -> int:
    """Own pages, and the share in those that processes have in common."""
    try:
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # It has ended meanwhile.
    return 0


def _dag_runs(home: Path) -> list[float]:
    """Seconds of the finished runs of the minute DAG, oldest first."""
    url = EmbeddedPostgres(home).start().airflow_url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        rows = connection.execute(
            """
            select extract(epoch from end_date - start_date)::float
            from dag_run
            where dag_id = 'run_minute_cycle' and state = 'success'
            order by start_date
            """
        ).fetchall()
    return [row[0] for row in rows]
