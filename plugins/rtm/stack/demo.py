"""The demonstration: the stack with a simulated centre in place of real sources.

Nothing is shown that did not go through the same files, DAGs and models as real data would.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text

from rtm.cycle import STEPS, System
from rtm.machine import free_port
from rtm.settings import Settings
from rtm.simulator import Live, demo_scenario, simulate
from rtm.simulator.commands import noted_scenario
from rtm.simulator.running import progress_of
from rtm.stack.programs import demo_programs
from rtm.stack.progress import Detail, step
from rtm.stack.running import Ports, Stack
from rtm.stack.supervising import StackError
from rtm.warehouse import Role

SEED = 2026
COMPLETE_WITHIN_S = 600
GIVE_UP_AFTER = 4
"""Failures of one step, for one reason, with nothing else between them: two runs, each retried."""
SENDER = "rtm@demo.example"
DESK_USERS = ("KRT0003", "KRT0001")
"""A team leader and the coordinator of KARTU, where the trouble is."""


def start_demo(settings: Settings) -> tuple[System, Ports]:
    """Brings the stack up with a simulated day and live traffic, and waits for a complete board."""
    stack = Stack(settings)
    landing = _landing(settings)
    if stack.is_running():
        if stack.ports.mail is None:
            raise StackError("the stack is running without the demo; run make down first")
        return System.open(settings), stack.ports
    system = stack.prepare()
    _refuse_real_data(system, landing)
    _deliver(landing)
    delivered_at = datetime.now(UTC)
    mail_port = free_port(8025)
    ports = stack.start(
        demo_programs(landing, mailbox(settings), mail_port),
        {"AIRFLOW_CONN_SMTP_DEFAULT": _mail_connection(mail_port)},
        mail_port,
    )
    with step("Scheduler: running the DAGs until the board is complete") as note:
        _wait_until_complete(stack, system, delivered_at, note)
    return system, ports


def demo_settings(settings: Settings) -> Settings:
    """With two people of the simulated centre at the desk, unless the caller named others."""
    return settings if settings.desk_users else replace(settings, desk_users=DESK_USERS)


def mailbox(settings: Settings) -> Path:
    """The Maildir in which the demo's mail server keeps what it is given."""
    return settings.home / "mail"


def _deliver(landing: Path) -> None:
    """Files of yesterday and today up to now; a centre that was stopped goes on from there."""
    now = datetime.now(UTC).replace(microsecond=0)
    with step("Simulated centre: delivering its files up to now") as note:
        known = noted_scenario(landing)
        if known is None:
            scenario = demo_scenario(now, SEED)
            done = simulate(
                scenario, landing, now, progress=lambda at: note(f"{at.astimezone():%d/%m %H:%M}")
            )
        else:
            done = Live(known, landing).catch_up(now)
        note(f"{done.files_written} files, {done.calls} calls, {done.agent_events} agent events")


def _wait_until_complete(stack: Stack, system: System, since: datetime, note: Detail) -> None:
    deadline = time.monotonic() + COMPLETE_WITHIN_S
    while missing := _missing(system, since):
        note(f"waiting for {missing}")
        stack.supervisor.raise_if_given_up()
        _raise_if_every_run_fails(system)
        if not stack.is_running():
            raise StackError("the stack was stopped meanwhile")
        if time.monotonic() > deadline:
            raise StackError(
                f"the DAGs have not come to {missing} in {COMPLETE_WITHIN_S} s;"
                f" look at their task logs on {stack.ports.airflow_address}"
            )
        time.sleep(1)


def _raise_if_every_run_fails(system: System) -> None:
    with system.warehouse.transaction(Role.APP) as connection:
        failing = connection.execute(FAILING, {"often": GIVE_UP_AFTER}).one_or_none()
    if failing:
        raise StackError(f"{failing.step} fails in every run: {failing.error}")


def _missing(system: System, since: datetime) -> str | None:
    """What the board still lacks: a step that has not run on what had arrived by `since`, rosters
    that are valid and not distributed, mails that are due and not sent."""
    with system.warehouse.transaction(Role.APP) as connection:
        done: set[str] = set(connection.execute(STEPS_DONE, {"since": since}).scalars())
        left = connection.execute(LEFT_TO_DO).one()
    missing = [name for name in STEPS if name not in done]
    if missing:
        return missing[0]
    if left.rosters:
        return f"the distribution of {left.rosters} rosters"
    return f"{left.mails} mails" if left.mails else None


FAILING = text(
    """
    select latest.step, latest.error
    from (
        select step, error, row_number() over (partition by step order by cycle_id desc) as nth
        from ops.cycle
    ) as latest
    where latest.nth <= :often
    group by latest.step, latest.error
    having count(latest.error) = :often
    limit 1
    """
)

# Distribution is ready when it began after the rosters had been judged.
STEPS_DONE = text(
    """
    select step from ops.cycle
    where as_of >= :since and error is null and step <> 'distribute_rosters'
    union
    select distribution.step
    from ops.cycle as gate
    inner join ops.cycle as distribution
        on distribution.step = 'distribute_rosters'
        and distribution.started_at >= gate.finished_at
        and distribution.error is null
    where gate.step = 'gate_rosters' and gate.as_of >= :since and gate.error is null
    """
)

LEFT_TO_DO = text(
    """
    select
        (select count(*) from marts.fct_roster_validity
            where verdict = 'valid' and distributed_at is null and period_end >= as_of::date
        ) as rosters,
        (select count(*) from ops.outbox
            where state = 'queued' and next_attempt_at <= clock_timestamp()
        ) as mails
    """
)


def _landing(settings: Settings) -> Path:
    if urlsplit(settings.landing_url).scheme not in ("", "file"):
        raise StackError(
            f"the demo delivers into a folder, not to {settings.landing_url}: unset RTM_LANDING_URL"
        )
    return Path(settings.landing_url.removeprefix("file://"))


def _refuse_real_data(system: System, landing: Path) -> None:
    """Simulated people among real ones could never be told apart again."""
    if progress_of(landing).read() is not None:
        return
    with system.warehouse.transaction(Role.APP) as connection:
        landed = connection.execute(text("select exists (select from ops.file_ledger)"))
        has_landed: bool = landed.scalar_one()
    if has_landed or any(landing.glob("*/*")):
        raise StackError(
            f"{landing} or its warehouse already holds data that is not the demo's;"
            " give the demo a place of its own: RTM_HOME=/path make demo"
        )


def _mail_connection(port: int) -> str:
    return json.dumps(
        {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "extra": {"disable_ssl": True, "from_email": SENDER},
        }
    )
