"""A step of the cycle as a task."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from rtm.settings import Settings

if TYPE_CHECKING:
    from airflow.sdk.definitions.xcom_arg import XComArg


def step_task(name: str) -> XComArg:
    """The task `name`, which runs that step of `rtm.cycle.STEPS` and returns what it did.

    All tasks of a DAG run share one clock: the moment the run began. A run that waited for an
    earlier one, or is cleared later, therefore looks at the present, not at the minute it was
    planned for.
    """

    @task(task_id=name)
    def run() -> dict[str, Any]:
        return _run(name)

    return run()


def _run(name: str) -> dict[str, Any]:
    from rtm.cycle import System, run_step
    from rtm.orchestration.connections import open_landing, with_mail_server

    settings = with_mail_server(Settings.from_environment())
    system = dataclasses.replace(System.open(settings), opener=open_landing)
    return run_step(system, name, _clock())


def _clock() -> datetime:
    began = get_current_context()["dag_run"].start_date
    assert began is not None  # a task runs, so its run has begun
    return began
