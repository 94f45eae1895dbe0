"""Removes what only grows: Airflow's rows and task logs of every minute, and our own of every step.

Data that people decided on (breaches, plans, mails, quarantine) and what was delivered stays.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from rtm.settings import REPOSITORY, Settings
from rtm.stack.running import Stack
from rtm.stack.supervising import StackError
from rtm.warehouse import Role, Warehouse

# Without a list Airflow's command stops at a foreign key of its table `dag` (apache/airflow#71864).
AIRFLOW_TABLES = (
    *("asset_event", "callback", "dag_run", "deadline", "import_error", "job", "log"),
    *("task_instance", "task_instance_history", "task_reschedule", "task_state_store"),
    *("trigger", "xcom", "revoked_token", "dag_version"),
)


@dataclass(frozen=True)
class Cleaned:
    """What was removed."""

    log_folders: int
    steps: int


def clean(settings: Settings, older_than: timedelta) -> Cleaned:
    """Removes what is older. Safe while the stack runs."""
    before = datetime.now(UTC) - older_than
    environment = _airflow_of(settings)
    _clean_airflow(environment, before)
    return Cleaned(
        _clean_logs(Path(environment["AIRFLOW_HOME"]) / "logs", before),
        _clean_steps(settings, before),
    )


def clean_every(settings: Settings, older_than: timedelta, pause: timedelta) -> None:
    """Cleans now and again after each pause, for ever."""
    while True:
        clean(settings, older_than)
        time.sleep(pause.total_seconds())


def _airflow_of(settings: Settings) -> Mapping[str, str]:
    """The Airflow that the environment sets up, as among the services; else the embedded one."""
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
        return os.environ
    stack = Stack(settings)
    return {**os.environ, **stack.airflow_environment(stack.ports)}


def _clean_airflow(environment: Mapping[str, str], before: datetime) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"),
            *("--clean-before-timestamp", before.isoformat()),
            *("--tables", ",".join(AIRFLOW_TABLES)),
        ],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise StackError(f"airflow db clean: {said[-1]}")


def _clean_logs(logs: Path, before: datetime) -> int:
    """Folders of runs and of days whose newest file is older."""
    removed = 0
    for folder in [*logs.glob("dag_id=*/run_id=*"), *logs.glob("dag_processor/*")]:
        if folder.is_symlink() or not folder.is_dir():
            continue
        newest = max((f.stat().st_mtime for f in folder.rglob("*") if f.is_file()), default=0.0)
        if newest < before.timestamp():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _clean_steps(settings: Settings, before: datetime) -> int:
    with Warehouse.open(settings).transaction(Role.APP) as connection:
        return connection.execute(
            text("delete from ops.cycle where finished_at < :before"), {"before": before}
        ).rowcount
