"""The command that writes the management review of a month, and mails it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rtm.cycle import System
from rtm.report import (
    FORMATS,
    Month,
    MonthError,
    Report,
    ReportError,
    make_report,
    send_report,
    write_files,
)
from rtm.settings import Language, Settings

BY = "./rtm report"
ALL = "all"


class MonthOption(click.ParamType[Month]):
    """A month, as 2026-11."""

    name = "month"

    def convert(self, value: Any, param: Any, ctx: Any) -> Month:
        if isinstance(value, Month):
            return value
        try:
            return Month.read(value)
        except MonthError as error:
            self.fail(str(error))


@click.command()
@click.option(
    "--month", type=MonthOption(), help="As 2026-11; default: the last month that is over."
)
@click.option(
    "--language", type=click.Choice(["id", "en"]), help="Default: the language of the site."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, ALL]),
    default=ALL,
    show_default=True,
    help="Which files are written.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder of the files; default: this one.",
)
@click.option("--mail", is_flag=True, help="Also queue it for the coordinators, once.")
def report_command(
    month: Month | None, language: Language | None, form: str, out: Path, mail: bool
) -> None:
    """Write the management review of a month (ISO 9001:2015, clause 9.1.3).

    KPIs against target, attendance and login, rosters, breaches, recovery plans, coaching without
    names, and what changed; as HTML, PDF and workbook. A month that is still running is marked
    provisional, and is not mailed. What each figure means: docs/report.md.
    """
    system = System.open(Settings.from_environment())
    now = datetime.now(UTC)
    asked = month or Month.of(now.date()).previous
    formats = tuple(FORMATS) if form == ALL else (form,)
    click.echo(f"reading the figures of {asked} …", err=True)
    try:
        report = make_report(
            *(system.warehouse, asked, language or system.settings.language, formats, BY, now)
        )
        for path in write_files(report.files, out):
            click.echo(f"written: {path}")
        click.echo(_told(report))
        if mail:
            _mail(system, report, now)
    except ReportError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write into {out}: {error.strerror}") from error


def _told(report: Report) -> str:
    made = report.record
    status = "provisional" if made.is_provisional else "settled"
    return (
        f"report {made.report_id}, {status}, data as of {made.as_of:%Y-%m-%d %H:%M} UTC,"
        f" figures sha256 {made.figures_sha256}"
    )


def _mail(system: System, report: Report, now: datetime) -> None:
    queued = send_report(system.warehouse, system.settings, report, now)
    if queued:
        click.echo(f"mails queued: {queued}; the next cycle sends them")
    else:
        click.echo("every coordinator has this report already; nothing is queued")
