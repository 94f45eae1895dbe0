"""Commands about coaching: what waits, what is in force, and what one step rests on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text

from rtm.cli.consoles import open_console
from rtm.coaching import read_history
from rtm.coaching.lifecycle import Status
from rtm.cycle import System
from rtm.settings import Settings
from rtm.warehouse import Role

WIDTH_WITHOUT_TERMINAL = 160

STEPS = text(
    """
    select coaching.*, service.timezone
    from marts.fct_coaching as coaching
    inner join marts.dim_service as service on service.service_code = coaching.service_code
    where (cast(:service as text) is null or coaching.service_code = :service)
        and (cast(:agent as text) is null or coaching.agent_id = :agent)
        and (cast(:coaching_id as bigint) is null or coaching.coaching_id = :coaching_id)
        and (
            coaching.status = :status
            or cast(:status as text) is null and (
                cast(:agent as text) is not null
                or cast(:coaching_id as bigint) is not null
                or coaching.status in ('proposed', 'issued')
                or coaching.is_in_force
            )
        )
    order by coaching.coaching_id desc
    limit :limit
    """
)

EVIDENCE = text(
    """
    select * from marts.fct_coaching_evidence
    where coaching_id = :coaching_id
    order by started_at, breach_id
    """
)


@click.group()
def coaching_commands() -> None:
    """Coaching: what waits for a decision or a follow-up, what is in force, what it rests on."""


@coaching_commands.command("list")
@click.option("--service", help="Of this service.")
@click.option("--agent", help="Of this agent, also what is over.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    help="Of this status; default: what still matters.",
)
@click.option("--limit", default=50, show_default=True, help="Newest steps to list.")
def list_command(service: str | None, agent: str | None, status: str | None, limit: int) -> None:
    """List steps of coaching that wait for somebody or are in force."""
    asked = {"service": service, "agent": agent, "status": status, "limit": limit}
    with _system().warehouse.transaction(Role.APP) as connection:
        steps = connection.execute(STEPS, asked | {"coaching_id": None}).all()
    if not steps:
        click.echo("no such step of coaching")
        return
    table = Table(
        *("coaching", "service", "agent", "status", "step", "matters", "proposed", "decided by"),
        *("follow up by", "holds until"),
    )
    for step in steps:
        zone = ZoneInfo(step.timezone)
        table.add_row(
            *(str(step.coaching_id), escape(step.service_code), escape(step.agent_id)),
            *(step.status, escape(step.step or f"{step.proposed_step} (proposed)")),
            *(str(step.evidence_count), _local(step.proposed_at, zone)),
            escape(step.decided_by or "-"),
            _local(step.follow_up_due_at, zone) + (" overdue" if step.is_follow_up_overdue else ""),
            _local(step.lapses_at, zone),
        )
    open_console(WIDTH_WITHOUT_TERMINAL).print(table)


@coaching_commands.command("show")
@click.argument("coaching_id", type=int)
def show_command(coaching_id: int) -> None:
    """Show a step of coaching: what it rests on, and every decision about it."""
    asked = dict.fromkeys(("service", "agent", "status")) | {"limit": 1}
    with _system().warehouse.transaction(Role.APP) as connection:
        step = connection.execute(STEPS, {**asked, "coaching_id": coaching_id}).one_or_none()
        if step is None:
            raise click.ClickException(
                f"there is no step of coaching {coaching_id}; ./rtm coaching list shows them"
            )
        evidence = connection.execute(EVIDENCE, {"coaching_id": coaching_id}).all()
        history = read_history(connection, [coaching_id])
    zone = ZoneInfo(step.timezone)
    facts = Table(show_header=False, title=f"Coaching {coaching_id}: {step.status}")
    for name in SHOWN:
        value = step._mapping[name]
        told = _local(value, zone) if isinstance(value, datetime) else str(value)
        facts.add_row(name, escape("-" if value is None else told))
    rests_on = Table("date", "shift", "matter", "observed", "limit", "unit", "", title="Rests on")
    for row in evidence:
        rests_on.add_row(
            *(str(row.roster_date), escape(row.shift_code or "-")),
            escape(f"{row.matter} {row.subject or ''}".strip()),
            *(f"{row.observed:g}", f"{row.comparator} {row.target:g}", row.unit),
            row.cleared_because or "the shift still runs",
        )
    decisions = Table("when", "who", "step", "note", title="History")
    for entry in history:
        note = (entry["content"] or {}).get("note", "")
        decisions.add_row(
            _local(entry["at"], zone), escape(entry["actor"]), entry["action"], escape(note)
        )
    console = open_console(WIDTH_WITHOUT_TERMINAL)
    for table in (facts, rests_on, decisions):
        console.print(table)


SHOWN = (
    *("service_code", "agent_id", "proposed_step", "step", "proposed_at", "decided_at"),
    *("decided_by", "reason", "follow_up_due_at", "followed_up_at", "followed_up_by"),
    *("follow_up_note", "lapses_at", "is_in_force"),
)


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else "-"


def _system() -> System:
    return System.open(Settings.from_environment())
