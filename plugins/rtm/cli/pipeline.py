"""Commands that run the pipeline: a cycle, one step of it, a replay."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from rtm.cli.parameters import Duration, Instant
from rtm.cycle import DAILY, STEPS, Did, System, run_cycle, run_step
from rtm.notify import ON_PAPER
from rtm.replay import replay
from rtm.settings import Settings

as_of_option = click.option(
    "--as-of", type=Instant(), help="The clock of the run (default: now), with offset."
)


@click.command()
@as_of_option
def cycle_command(as_of: datetime | None) -> None:
    """Run one whole cycle: files, rosters, models, breaches, mails."""
    system = System.open(Settings.from_environment())
    done = run_cycle(
        system, as_of or datetime.now(UTC), lambda name, did: click.echo(_told(name, did))
    )
    _end_if_unlisted(done["land_feeds"])


@click.command()
@click.argument("name", type=click.Choice([*STEPS, *DAILY]), metavar="STEP")
@as_of_option
def step_command(name: str, as_of: datetime | None) -> None:
    """Run one STEP of the cycle, or of those beside it.

    \b
    land_feeds         take in the files that have arrived
    gate_rosters       judge and publish rosters
    distribute_rosters send published rosters to the team leaders
    build_marts        bring the marts to the clock
    detect_breaches    open and clear breaches, draft and follow recovery plans
    send_mail          hand due mails to the SMTP server
    remove_expired_plans  once a day: remove plans whose time of keeping is over
    report_month       once a day: make and queue the report of the last month, if it is due
    """
    system = System.open(Settings.from_environment())
    did = run_step(system, name, as_of or datetime.now(UTC))
    click.echo(_told(name, did))
    _end_if_unlisted(did)


@click.command()
@click.option(
    "--landing",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with one folder per feed.",
)
@click.option("--start", required=True, type=Instant(), help="First tick, with offset.")
@click.option("--end", required=True, type=Instant(), help="Last tick, with offset.")
@click.option(
    "--every", default="5m", show_default=True, type=Duration(), help="Time between ticks."
)
@click.option("--database-url", help="An outside warehouse (default: the embedded one).")
def replay_command(
    landing: Path, start: datetime, end: datetime, every: timedelta, database_url: str | None
) -> None:
    """Run cycles over a landing folder under a virtual clock.

    Ticks are START, START + EVERY, … and END. A file arrives at its modification time and is taken
    in at the first tick at or after it. Nothing in the folder is changed, and no mail is sent:
    mails are recorded as sent at their tick. Ticks that the warehouse has passed are not run again,
    so a replay that was cut off goes on.
    """
    if end < start:
        raise click.BadParameter("END lies before START", param_hint="--end")
    settings = Settings.from_environment()
    settings = dataclasses.replace(
        settings,
        landing_url=str(landing.resolve()),
        database_url=database_url or settings.database_url,
        smtp_url=ON_PAPER,
    )
    replayed = replay(System.open(settings), start, end, every, _show_progress)
    before = f" ({replayed.done_before} done before)" if replayed.done_before else ""
    click.echo(f"{replayed.run} ticks{before}, marts as of {end.isoformat()}")


def _show_progress(tick: datetime, done: dict[str, Did]) -> None:
    landed, found = done["land_feeds"], done["detect_breaches"]
    quiet = not landed["files"] and not found["opened"] and not found["cleared"]
    line = (
        f"{tick.isoformat()}  {landed['files']} files, {landed['rows']} rows"
        f" ({landed['quarantined']} quarantined), {found['opened']} breaches opened,"
        f" {found['cleared']} cleared, {done['send_mail']['sent']} mails"
    )
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{line}", nl=not quiet, err=True)
    elif not quiet:
        click.echo(line, err=True)


def _end_if_unlisted(did: Did) -> None:
    """Not everything that was asked for is done where a folder could not be looked into."""
    if did.get("unlisted"):
        told = "\n".join(f"  {name}: {why}" for name, why in did["unlisted"].items())
        raise click.ClickException(f"not everything could be taken in:\n{told}")


def _told(name: str, did: Did) -> str:
    return f"{name:<20}" + ", ".join(f"{key} {value}" for key, value in did.items())
