"""Commands that look at the warehouse and at what waits in it for a person."""

from __future__ import annotations

import click
from sqlalchemy import text

from rtm.cycle import System
from rtm.notify import ResendError, resend
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse


@click.group()
def warehouse_commands() -> None:
    """The database: where it is, and making it ready."""


@warehouse_commands.command("url")
def url_command() -> None:
    """Print the SQLAlchemy URL of the warehouse, starting the embedded one if it is down."""
    warehouse = Warehouse.open(Settings.from_environment())
    click.echo(warehouse.url.render_as_string(hide_password=False))


@warehouse_commands.command("reader-url")
def reader_url_command() -> None:
    """Print the URL of the embedded warehouse for analysts, who may read marts only."""
    from rtm.warehouse.embedded import EmbeddedPostgres

    running = EmbeddedPostgres(Settings.from_environment().home).start()
    click.echo(running.reader_url.render_as_string(hide_password=False))


@warehouse_commands.command("prepare")
@click.option("--again", is_flag=True, help="Make all models anew, also where they stand.")
def prepare_command(again: bool) -> None:
    """Bring tables, roles and models to this version.

    After --again the next cycle computes everything; nothing that was delivered is lost.
    """
    settings = Settings.from_environment()
    system = System(settings, Warehouse.open(settings))
    system.prepare(again)
    click.echo(f"ready: {system.warehouse.url.render_as_string()}")


@click.command()
@click.option("--limit", default=50, show_default=True, help="Newest rows to list.")
def quarantine_command(limit: int) -> None:
    """List what could not be taken in: file, row, reason and the text as delivered."""
    system = System.open(Settings.from_environment())
    with system.warehouse.transaction(Role.APP) as connection:
        rows = connection.execute(
            text(
                """
                select ledger.feed, ledger.file_name, quarantine.row_number, quarantine.reason,
                    quarantine.raw_text
                from ops.quarantine as quarantine
                inner join ops.file_ledger as ledger using (file_id)
                where quarantine.released_at is null
                order by quarantine.quarantine_id desc
                limit :limit
                """
            ),
            {"limit": limit},
        ).all()
    if not rows:
        click.echo("nothing is in quarantine")
    for row in rows:
        place = f"{row.feed}/{row.file_name}" + (f" row {row.row_number}" if row.row_number else "")
        click.echo(f"{place}: {row.reason}")
        if row.raw_text:
            click.echo(f"    {row.raw_text[:200]}")


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
        except ResendError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"mail {mail_id} is queued again, to {recipient}")
