"""Commands about rosters: versions, what differs between them, how they cover what is needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import click
from rich.markup import escape
from rich.table import Table

from rtm.cli.consoles import open_console
from rtm.cycle import System
from rtm.roster.comparison import UnknownVersionError, differences, find_version, versions
from rtm.roster.evaluation import Interval, evaluate
from rtm.settings import Settings
from rtm.warehouse import Role

MOST_ROWS = 500

day = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def roster_commands() -> None:
    """Rosters: their versions, what differs between two, how one covers what is needed."""


@roster_commands.command("list")
@click.argument("service", required=False)
def list_command(service: str | None) -> None:
    """List the versions of all services, or of one SERVICE, with the verdict of the gate."""
    with _system().warehouse.transaction(Role.APP) as connection:
        rows = versions(connection, service)
    table = Table(
        *("service", "version", "period", "verdict", "errors", "warnings", "dates held"),
        *("received", "file"),
    )
    for row in rows:
        table.add_row(
            *(escape(row.service_code or "-"), str(row.version)),
            f"{row.period_start} – {row.period_end}" if row.period_start else "-",
            *(row.verdict, str(row.errors), str(row.warnings), str(row.dates_held)),
            *(row.received_at.isoformat(timespec="minutes"), escape(row.file_name)),
        )
    _print(table)


@roster_commands.command("diff")
@click.argument("service")
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
def diff_command(service: str, old: int | None, new: int | None) -> None:
    """Show what differs between two versions of a SERVICE, entry by entry.

    OLD and NEW are numbers of versions: without NEW the newest, without OLD the one before it.
    """
    with _system().warehouse.transaction(Role.APP) as connection:
        try:
            newer = find_version(connection, service, new)
            if old is None and newer.version == 1:
                raise UnknownVersionError(f"{service} has one version only; nothing to compare")
            older = find_version(connection, service, newer.version - 1 if old is None else old)
        except UnknownVersionError as error:
            raise click.ClickException(str(error)) from error
        rows = differences(connection, older, newer)
    click.echo(
        f"{service}: version {older.version} ({older.file_name}) →"
        f" version {newer.version} ({newer.file_name}): {len(rows)} entries differ,"
        f" of {len({row.agent_id for row in rows})} agents"
    )
    if not rows:
        return
    table = Table("date", "agent", "name", "before", "after")
    for row in rows[:MOST_ROWS]:
        table.add_row(
            str(row.roster_date),
            *(escape(text or "-") for text in (row.agent_id, row.agent_name)),
            *(escape(text or "-") for text in (row.before, row.after)),
        )
    _print(table, len(rows))


@roster_commands.command("evaluate")
@click.argument("service")
@click.option("--version", type=int, help="Of this version, published or not.")
@click.option("--from", "first", type=day, help="First date (default: of the newest version).")
@click.option("--to", "last", type=day, help="Last date (default: of the newest version).")
@click.option("--all", "show_all", is_flag=True, help="Also intervals that are covered.")
def evaluate_command(
    service: str,
    version: int | None,
    first: datetime | None,
    last: datetime | None,
    show_all: bool,
) -> None:
    """Hold the roster of a SERVICE against what it needs, and say what each gap costs.

    What is needed comes from the feed staffing_requirement: `required_agents`, or where only a
    forecast is given (`forecast_offered`, `forecast_aht_s`), Erlang C for the target of the KPI
    service_level (80 % in 20 s where there is none). The team leader in the RTFM function serves
    nobody and is not counted.
    """
    with _system().warehouse.transaction(Role.APP) as connection:
        try:
            known = find_version(connection, service, version)
        except UnknownVersionError as error:
            raise click.ClickException(str(error)) from error
        begin = _date(first) or known.period_start
        end = _date(last) or known.period_end
        if begin is None or end is None:
            raise click.ClickException(
                f"no date of version {known.version} could be read; give --from and --to"
            )
        file_id = None if version is None else known.file_id
        target, intervals = evaluate(connection, service, begin, end, file_id)
    if not intervals:
        raise click.ClickException(
            f"nobody says what {service} needs from {begin} to {end}: deliver staffing_requirement"
        )
    what = "what is published" if version is None else f"version {version}"
    click.echo(
        f"{service}, {what}, {begin} – {end};"
        f" service level {target.percent:g} % in {target.threshold_s:g} s"
    )
    _print_days(intervals)
    _print_gaps(intervals, show_all)


def _print_days(intervals: Sequence[Interval]) -> None:
    days: dict[date, list[Interval]] = {}
    for interval in intervals:
        days.setdefault(interval.local_start.date(), []).append(interval)
    table = Table(
        *("date", "intervals", "short", "coverage", "most missing", "late calls expected"),
        title="By date",
        title_justify="left",
    )
    for when, of_day in days.items():
        needed = sum(i.required for i in of_day)
        covered = sum(min(i.rostered, i.required) for i in of_day)
        table.add_row(
            *(str(when), str(len(of_day)), str(sum(i.gap > 0 for i in of_day))),
            f"{covered / needed:.1%}" if needed else "-",
            f"{max(max(i.gap for i in of_day), 0):g}",
            f"{sum(i.late_calls for i in of_day):.1f}",
        )
    _print(table)


def _print_gaps(intervals: Sequence[Interval], show_all: bool) -> None:
    shown = [i for i in intervals if show_all or i.gap > 0]
    if not shown:
        click.echo("every interval is covered")
        return
    table = Table(
        *("from", "forecast", "required", "rostered", "missing", "expected", "as required"),
        "late calls",
        title="All intervals" if show_all else "Gaps",
        title_justify="left",
    )
    for i in shown[:MOST_ROWS]:
        table.add_row(
            f"{i.local_start:%Y-%m-%d %H:%M}",
            "-" if i.forecast_offered is None else f"{i.forecast_offered:g}",
            f"{i.required:g}{' (Erlang C)' if i.is_computed else ''}",
            f"{i.rostered:.3g}",
            f"{max(i.gap, 0):.3g}",
            "-" if i.expected_pct is None else f"{i.expected_pct:.1f} %",
            "-" if i.covered_pct is None else f"{i.covered_pct:.1f} %",
            f"{i.late_calls:.1f}",
        )
    _print(table, len(shown))


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _system() -> System:
    return System.open(Settings.from_environment())


def _print(table: Table, rows: int = 0) -> None:
    open_console().print(table)
    if rows > MOST_ROWS:
        click.echo(f"… and {rows - MOST_ROWS} more")
