"""Commands about the audit trail of all records."""

from __future__ import annotations

import click
from sqlalchemy import text

from rtm import audit
from rtm.cycle import System
from rtm.settings import Settings
from rtm.warehouse import Role


@click.group()
def audit_commands() -> None:
    """The audit trail: who changed which record."""


@audit_commands.command("verify")
def verify_command() -> None:
    """Check that no row of the audit was changed and none is missing."""
    with System.open(Settings.from_environment()).warehouse.transaction(Role.APP) as connection:
        count, latest = connection.execute(
            text("select count(*), max(audit_id) from ops.audit")
        ).one()
        broken = audit.first_broken(connection)
    if broken is not None:
        raise click.ClickException(
            f"the audit was tampered with: row {broken} was changed, or rows before it are missing"
        )
    # Rows cut off at the end leave no trace in the chain: whoever notes this number sees them go.
    click.echo(f"{count} rows, whole; the last is {latest or 0}")
