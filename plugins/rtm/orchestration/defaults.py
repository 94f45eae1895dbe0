"""What all tasks of a DAG have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

DAILY_DEFAULTS: dict[str, Any] = {
    "owner": "rtm",
    # Airflow's own delay of 5 minutes is longer than the interval: the next run would come first.
    "retries": 1,
    "retry_delay": timedelta(seconds=5),
    "execution_timeout": timedelta(minutes=20),
}

# Where there are workers, the minute path has its own, so that nothing that runs long stands before
# it; without Celery the queue means nothing.
MINUTE_DEFAULTS: dict[str, Any] = {**DAILY_DEFAULTS, "queue": "minute"}
