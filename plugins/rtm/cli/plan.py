"""Commands about recovery plans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection, RowMapping, text

from rtm.cli.consoles import open_console
from rtm.cycle import System
from rtm.recovery import read_history, read_plan
from rtm.recovery.changing import UnknownPlanError
from rtm.recovery.lifecycle import Status
from rtm.settings import Settings
from rtm.warehouse import Role

WIDTH_WITHOUT_TERMINAL = 160

PLANS = text(
    """
    select plan.*, breach.service_code, breach.channel, breach.kpi, service.timezone,
        due.step, due.due_at as step_due_at, due.is_overdue
    from marts.fct_recovery_plan as plan
    inner join marts.fct_breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.rpt_plan_due as due on due.plan_id = plan.plan_id
    where (cast(:service as text) is null or breach.service_code = :service)
        and (cast(:status as text) is null and plan.closed_at is null or plan.status = :status)
    order by plan.plan_id desc
    limit :limit
    """
)


@click.group()
def plan_commands() -> None:
    """Recovery plans: which are open, what is due, what was done with one."""


@plan_commands.command("list")
@click.argument("service", required=False)
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    help="Of this status; default: all open.",
)
@click.option("--limit", default=50, show_default=True, help="Newest plans to list.")
def list_command(service: str | None, status: str | None, limit: int) -> None:
    """List open plans of all services, or of one SERVICE, with the step that is due."""
    asked = {"service": service, "status": status, "limit": limit}
    with _system().warehouse.transaction(Role.APP) as connection:
        plans = connection.execute(PLANS, asked).all()
    if not plans:
        click.echo("no such plan" if service or status else "no plan is open")
        return
    table = Table(
        *("plan", "service", "channel", "kpi", "status", "since", "next step", "due"),
        *("author", "effective"),
    )
    for plan in plans:
        zone = ZoneInfo(plan.timezone)
        table.add_row(
            *(str(plan.plan_id), escape(plan.service_code), plan.channel, plan.kpi, plan.status),
            *(_local(plan.status_since, zone), plan.step or "-"),
            _local(plan.step_due_at, zone) + (" overdue" if plan.is_overdue else ""),
            *(escape(plan.author or "-"), {None: "-", True: "yes", False: "no"}[plan.is_effective]),
        )
    _print([table])


@plan_commands.command("show")
@click.argument("plan_id", type=int)
def show_command(plan_id: int) -> None:
    """Show a plan: its numbers, what people wrote, and every step of its life."""
    with _system().warehouse.transaction(Role.APP) as connection:
        plan = _read(connection, plan_id)
        history = read_history(connection, plan_id)
    zone = ZoneInfo(plan["timezone"])
    facts = Table(show_header=False, title=f"Plan {plan_id}: {plan['status']}")
    for name in SHOWN:
        value = plan[name]
        told = _local(value, zone) if isinstance(value, datetime) else _told(value)
        facts.add_row(name, escape(told))
    steps = Table("when", "who", "step", "note", title="History")
    for entry in history:
        content = entry["content"]
        note = "(removed)" if content is None else content.get("note", "")
        steps.add_row(
            _local(entry["at"], zone), escape(entry["actor"]), entry["action"], escape(note)
        )
    _print([facts, steps])


@plan_commands.command("form")
@click.argument("plan_id", type=int)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Name of the file.")
def form_command(plan_id: int, output: Path | None) -> None:
    """Write a plan as the Recovery Plan form (PDF)."""
    from rtm.recovery.form import plan_as_pdf

    system = _system()
    with system.warehouse.transaction(Role.APP) as connection:
        plan = _read(connection, plan_id)
        content = plan_as_pdf(connection, plan, system.settings.language)
    _write(output or Path(f"recovery-plan-{plan_id}.pdf"), content)


@plan_commands.command("month")
@click.argument("month", type=click.DateTime(formats=["%Y-%m"]))
@click.argument("service", required=False)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Name of the file.")
def month_command(month: datetime, service: str | None, output: Path | None) -> None:
    """Write the plans of a MONTH (as 2026-11), of all services or of one, as a workbook."""
    from rtm.recovery.form import month_as_workbook, plans_of_month

    system = _system()
    with system.warehouse.transaction(Role.APP) as connection:
        plans = plans_of_month(connection, month.date(), [service] if service else None)
        content = month_as_workbook(connection, plans, system.settings.language)
    _write(output or Path(f"recovery-plans-{month:%Y-%m}.xlsx"), content)
    click.echo(f"{len(plans)} plans")


def _read(connection: Connection, plan_id: int) -> RowMapping:
    try:
        return read_plan(connection, plan_id)
    except UnknownPlanError as error:
        raise click.ClickException(
            f"{error}, or its time of keeping was over; ./rtm plan list shows the open ones"
        ) from None


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    click.echo(f"written: {path}")


SHOWN = (
    *("service_code", "channel", "kpi", "comparator", "target", "observed", "numerator"),
    *("denominator", "severity", "breach_started_at", "detected_at", "cleared_at"),
    *("cause_category", "whys", "correction", "corrective_action", "responsible", "due_at"),
    *("horizon_min", "on_target_intervals", "evidence", "author", "verifier", "is_effective"),
    *("retain_until", "is_on_legal_hold"),
)


def _told(value: object) -> str:
    if value is None:
        return "-"
    return "\n".join(value) if isinstance(value, list) else str(value)


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else "-"


def _system() -> System:
    return System.open(Settings.from_environment())


def _print(tables: Iterable[Table]) -> None:
    console = open_console(WIDTH_WITHOUT_TERMINAL)
    for table in tables:
        console.print(table)
