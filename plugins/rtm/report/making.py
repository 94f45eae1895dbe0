"""Makes the report of a month: reads its figures, names them, and writes them in each format.

The same figures at the same clock are the same report: it keeps its number, and its files are the
same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rtm.report import keeping
from rtm.report.cells import Cells, Speech
from rtm.report.contents import Document, Finding
from rtm.report.figures import Figures, local_today, read_figures, read_services, snapshot
from rtm.report.keeping import Record
from rtm.report.month import Month
from rtm.report.periods import periods_of
from rtm.report.sections import Sections
from rtm.report.summary import Summary
from rtm.roster.cells import XLSX
from rtm.settings import Language
from rtm.warehouse import Warehouse

FORMATS = {"html": "text/html", "pdf": "application/pdf", "xlsx": XLSX}
"""How a report can be written, and what each file is."""
OF_THE_FORM = ("summary", "none", "days_shown", "charts")
"""Words that belong to no section."""


class ReportError(RuntimeError):
    """There is nothing to report; the message says why and what to do."""


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Report:
    """A report that was made: its record in `ops.report`, its figures and its files."""

    record: Record
    figures: Figures
    files: tuple[File, ...]


def make_report(
    warehouse: Warehouse,
    month: Month,
    language: Language,
    formats: Collection[str],
    by: str,
    now: datetime,
) -> Report:
    """Makes the report in some formats and records it; raises ReportError if there is none."""
    figures = figures_of(warehouse, month)
    record = keeping.record(warehouse, figures, by, now)
    document = document_of(figures, record, language)
    files = tuple(
        File(
            f"rtm-report-{month}-{language}.{form}",
            media_type,
            _written(document, record, form),
        )
        for form, media_type in FORMATS.items()
        if form in formats
    )
    keeping.record_files(warehouse, record, {file.name: file.content for file in files})
    return Report(record, figures, files)


def figures_of(warehouse: Warehouse, month: Month) -> Figures:
    with snapshot(warehouse) as connection:
        services = read_services(connection)
        if not services:
            raise ReportError(
                "there are no figures yet: deliver the feed service, and run ./rtm cycle"
            )
        if month.first > local_today(services):
            as_of = services[0].as_of
            raise ReportError(
                f"{month} has not begun: the data are as of {as_of:%Y-%m-%d %H:%M} UTC"
            )
        return read_figures(connection, services, month)


def document_of(figures: Figures, record: Record, language: Language) -> Document:
    speech = Speech(language)
    periods = periods_of(figures.days)
    sections = Sections(figures, periods, Cells(speech))
    summary = Summary(figures, periods, speech)
    month = speech.month(figures.month.first)
    as_of = speech.moment(figures.as_of, figures.zone)
    return Document(
        title=speech.say("report.title"),
        subtitle=speech.say("report.subtitle", month=month),
        language=language,
        cover=tuple(_cover(figures, record, speech)),
        lead=summary.lead(),
        findings=summary.findings(),
        sections=sections.build(),
        days=sections.days(),
        footer=speech.say(
            "report.footer",
            report_id=record.report_id,
            month=month,
            as_of=as_of,
            sha256=record.figures_sha256[:16],
        ),
        words={
            **{name: speech.say(f"report.{name}") for name in OF_THE_FORM},
            **{name: speech.say(f"report.{name}") for name in Finding},
            **{name: speech.say(f"chart.{name}") for name in ("line", "target")},
            "volume": speech.say("chart.volume", most="{most}"),
        },
    )


def _cover(figures: Figures, record: Record, speech: Speech) -> Iterable[tuple[str, str]]:
    """Of what the report is, and where it comes from."""
    say = speech.say
    month = figures.month
    yield (
        say("cover.period"),
        say(
            "cover.period_told",
            first=speech.short_day(month.first),
            last=speech.short_day(month.last),
        ),
    )
    services = (
        say(
            "cover.service_told",
            name=figures.names[service.service_code],
            code=service.service_code,
            client=service.client_name or "–",
            zone=service.timezone,
        )
        for service in figures.services
    )
    yield say("cover.services"), "\n".join(services)
    yield say("cover.as_of"), speech.moment(figures.as_of, figures.zone)
    yield say("cover.status"), _status(figures, speech)
    yield say("cover.number"), str(record.report_id)
    made_at = speech.moment(record.made_at, figures.zone)
    yield say("cover.made"), say("cover.made_told", at=made_at, by=record.made_by)
    yield say("cover.run"), _run(figures, record, speech)
    yield (
        say("cover.product"),
        say("cover.product_told", version=record.product_version, models=record.models[:12]),
    )
    yield say("cover.formulas"), ", ".join(record.formulas) or "–"
    yield say("cover.sha256"), record.figures_sha256


def _status(figures: Figures, speech: Speech) -> str:
    if not figures.is_over:
        return speech.say("cover.running")
    if not figures.is_provisional:
        return speech.say("cover.settled")
    return speech.say(
        "cover.open",
        days=sum(row.is_provisional for row in figures.days),
        indicators=sum(row.is_provisional for row in figures.indicators),
    )


def _run(figures: Figures, record: Record, speech: Speech) -> str:
    if record.cycle_id is None:
        return speech.say("cover.run_unknown")
    as_of = speech.moment(figures.as_of, figures.zone)
    return speech.say("cover.run_told", cycle_id=record.cycle_id, as_of=as_of)


def _written(document: Document, record: Record, form: str) -> bytes:
    """Each writer is imported by who needs it: PDF and workbook are slow to load."""
    if form == "html":
        from rtm.report.as_html import as_html

        return as_html(document)
    if form == "pdf":
        from rtm.report.as_pdf import as_pdf

        return as_pdf(document)
    from rtm.report.as_workbook import as_workbook

    return as_workbook(document, record.made_at)


def write_files(files: Iterable[File], folder: Path) -> list[Path]:
    """Writes the files into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in files:
        path = folder / file.name
        path.write_bytes(file.content)
        paths.append(path)
    return paths
