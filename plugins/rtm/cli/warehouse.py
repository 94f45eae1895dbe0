"""Commands about the warehouse, and about what it could not take in."""

from __future__ import annotations

import click
from sqlalchemy import text

from rtm.cycle import System
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
