"""The programs that make up the stack."""

from __future__ import annotations

import sys
from pathlib import Path

from rtm.stack.supervising import Program


def airflow_programs() -> list[Program]:
    """Airflow's components, and the daily removal of what they leave behind. No triggerer: no task
    of ours is deferred."""
    airflow = (sys.executable, "-m", "airflow")
    return [
        Program("api-server", (*airflow, "api-server")),
        Program("scheduler", (*airflow, "scheduler")),
        Program("dag-processor", (*airflow, "dag-processor")),
        Program("cleaning", (sys.executable, "-m", "rtm", "stack", "clean", "--every", "1d")),
    ]


def demo_programs(landing: Path, mailbox: Path, mail_port: int) -> list[Program]:
    """A mail server that keeps what it gets in a Maildir, and the simulated centre in real time."""
    return [
        Program(
            "mail-server",
            (
                *(sys.executable, "-m", "aiosmtpd", "--nosetuid"),
                *("--listen", f"127.0.0.1:{mail_port}"),
                *("--class", "aiosmtpd.handlers.Mailbox", str(mailbox)),
            ),
        ),
        Program(
            "simulated-centre",
            (*(sys.executable, "-m", "rtm", "simulate", "live"), "--landing", str(landing)),
        ),
    ]
