"""What scheduler and workers import before they fork; Airflow's local settings call it."""

from __future__ import annotations

import sys
from importlib import import_module

MODULES = (
    "dbt.adapters.postgres",
    "dbt.cli.main",
    "great_expectations",
    "pandas",
    "rtm.breach",
    "rtm.landing",
    "rtm.notify",
    "rtm.recovery",
    "rtm.roster",
)


def preload_tasks() -> None:
    """Imports what tasks need, in the processes alone that fork them. None of it may open a
    connection or start a thread: a forked process would inherit it broken."""
    if {"scheduler", "worker"} & set(sys.argv):
        for module in MODULES:
            import_module(module)
