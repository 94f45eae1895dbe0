"""Commands about mails: what was sent, what waits, what needs a person."""

from __future__ import annotations

import click
from sqlalchemy import text

from rtm.cycle import System
from rtm.notify import MailError, confirm, resend
from rtm.settings import Settings
from rtm.warehouse import Role


@click.group()
def outbox_commands() -> None:
    """Mails: what was sent, what waits, what needs a person."""


@outbox_commands.command("list")
@click.option("--limit", default=50, show_default=True, help="Newest mails to list.")
def list_mails_command(limit: int) -> None:
    """List the newest mails with their state and the answer of the SMTP server."""
    system = System.open(Settings.from_environment())
    with system.warehouse.transaction(Role.APP) as connection:
        rows = connection.execute(
            text(
                "select mail_id, state, recipient, subject, attempts, smtp_answer"
                " from ops.outbox order by mail_id desc limit :limit"
            ),
            {"limit": limit},
        ).all()
    if not rows:
        click.echo("no mail yet")
    for row in rows:
        click.echo(
            f"{row.mail_id:>6}  {row.state:<11}  {row.recipient}  {row.subject}"
            f"  ({row.attempts} attempts; {row.smtp_answer or 'no answer yet'})"
        )


@outbox_commands.command("show")
@click.argument("mail_id", type=int)
def show_mail_command(mail_id: int) -> None:
    """Print one mail as its reader gets it."""
    system = System.open(Settings.from_environment())
    with system.warehouse.transaction(Role.APP) as connection:
        mail = connection.execute(
            text("select recipient, subject, body_text from ops.outbox where mail_id = :mail_id"),
            {"mail_id": mail_id},
        ).one_or_none()
    if mail is None:
        raise click.ClickException(f"there is no mail {mail_id}")
    click.echo(f"{mail.recipient}\n{mail.subject}\n\n{mail.body_text}")


@outbox_commands.command("resend")
@click.argument("mail_id", type=int)
@click.option("--to", "address", help="The address that its reader has now, where it is another.")
def resend_command(mail_id: int, address: str | None) -> None:
    """Queue a refused or unconfirmed mail again, after a person has looked at it.

    It goes to the address that its reader has now.
    """
    system = System.open(Settings.from_environment())
    with system.warehouse.transaction(Role.APP) as connection:
        try:
            recipient = resend(connection, system.settings, mail_id, address)
        except MailError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"mail {mail_id} is queued again, to {recipient}")


@outbox_commands.command("confirm")
@click.argument("mail_id", type=int)
@click.option("--by", "told_by", required=True, help="Who says so: the reader, or who asked them.")
def confirm_command(mail_id: int, told_by: str) -> None:
    """Say of an unconfirmed mail that it did arrive.

    It then counts as sent at the moment at which it was handed over, for the proof that a roster
    was distributed as well.
    """
    system = System.open(Settings.from_environment())
    with system.warehouse.transaction(Role.APP) as connection:
        try:
            confirm(connection, mail_id, told_by)
        except MailError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"mail {mail_id} counts as sent, as {told_by} says")
