"""The command line: what a person or a script asks of the product, without Airflow.

Commands parse, call one function and print. A known error ends with one line and status 1.
"""

from __future__ import annotations

import errno
import sys
from typing import NoReturn

import click

from rtm.cli.lazy import LazyGroup

DISK_FULL = "53100"
"""PostgreSQL's code for it."""


@click.group(
    cls=LazyGroup,
    lazy_commands={
        "board": ("rtm.board", "board_command", "Print the board: services, people, breaches."),
        "cycle": ("rtm.cli.pipeline", "cycle_command", "Run one whole cycle now."),
        "step": ("rtm.cli.pipeline", "step_command", "Run one step of the cycle."),
        "replay": ("rtm.cli.pipeline", "replay_command", "Run cycles under a virtual clock."),
        "warehouse": ("rtm.cli.warehouse", "warehouse_commands", "The database."),
        "quarantine": ("rtm.cli.warehouse", "quarantine_command", "List what could not be read."),
        "roster": ("rtm.cli.roster", "roster_commands", "Versions, differences, coverage."),
        "plan": ("rtm.cli.plan", "plan_commands", "Recovery plans, what is due, what was done."),
        "coaching": (
            "rtm.cli.coaching",
            "coaching_commands",
            "Steps of coaching, and their ground.",
        ),
        "report": ("rtm.cli.report", "report_command", "The management review of a month."),
        "audit": (
            "rtm.cli.audit",
            "audit_commands",
            "Who changed which record; check it is whole.",
        ),
        "source": ("rtm.cli.source", "source_commands", "Sources of rows, and mapping files."),
        "outbox": (
            "rtm.cli.outbox",
            "outbox_commands",
            "List mails; send one again; say that one arrived.",
        ),
        "simulate": ("rtm.simulator", "simulate_commands", "A simulated contact centre."),
        "stack": ("rtm.stack.commands", "stack_commands", "Start and stop the embedded system."),
        "airflow": ("rtm.stack.commands", "airflow_command", "Airflow's own command line."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
def commands() -> None:
    """Real-time management of a contact centre: rosters, attendance, targets, recovery plans.

    Where things are comes from the environment: RTM_HOME (state, default .rtm), RTM_LANDING_URL
    (delivered files), RTM_DATABASE_URL (an outside warehouse), RTM_SMTP_URL (mail server).
    """


def main() -> None:
    """Runs the command line; a known error is one line, everything else a traceback."""
    from sqlalchemy.exc import OperationalError

    from rtm.replay import ReplayError
    from rtm.running_dbt import ModelError
    from rtm.settings import SettingError
    from rtm.stack.supervising import StackError
    from rtm.warehouse.engine import WarehouseError

    try:
        commands(standalone_mode=True, prog_name="rtm")
    except (SettingError, WarehouseError, ModelError, ReplayError, StackError) as error:
        _end(str(error))
    except OperationalError as error:
        full = getattr(error.orig, "sqlstate", None) == DISK_FULL
        _end(f"the warehouse {'has no space left' if full else 'does not answer'}: {error.orig}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _end(f"the disk is full: {error.filename or 'nothing more can be written'}; make room")


def _end(message: str) -> NoReturn:
    click.echo(f"rtm: {message}", err=True)
    sys.exit(1)
