"""Sends the report of a month to the coordinators, once: on the first working day of the month
after it, or on the first day from then on on which the machine runs.

All coordinators get one report of all services: a management review looks at the whole procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from rtm.notify import Attachment, Mail, attach, queue_mails
from rtm.recipients import coordinators
from rtm.report import keeping
from rtm.report.cells import Speech
from rtm.report.contents import Finding
from rtm.report.figures import local_today, read_services, snapshot
from rtm.report.making import FORMATS, Report, ReportError, document_of, make_report
from rtm.report.month import Month, first_working_day
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

KIND = "month_report"
DAG = "report_month"

# Of all services; the holiday of one service is no holiday of the office
HOLIDAYS = text(
    """
    select holiday.holiday_date from staging.stg_canonical__holiday as holiday
    where holiday.service_code is null and holiday.holiday_date between :first and :last
    """
)

# Of a month in which nothing ran there is nothing to say
RAN_BEFORE = text(
    """
    select exists (
        select from ops.cycle
        where cycle.as_of < cast(:end as timestamp) at time zone cast(:zone as text)
    )
    """
)
MAILS = text("select dedupe_key from ops.outbox where thread = :thread")


@dataclass(frozen=True)
class Told:
    """What the DAG did: the month that it reported, and how many mails were queued."""

    month: Month | None
    mails: int


def report_due(warehouse: Warehouse, settings: Settings, now: datetime) -> Told:
    """Makes and queues the report of the last month, if its day has come and nobody has it yet."""
    month = due_month(warehouse)
    if month is None:
        return Told(None, 0)
    report = make_report(warehouse, month, settings.language, FORMATS, DAG, now)
    return Told(month, send_report(warehouse, settings, report, now))


def due_month(warehouse: Warehouse) -> Month | None:
    """The month whose report is due and was not sent, by the clock of the marts: of data that do
    not reach beyond the month's end nothing is sent, nor of a month before the first cycle."""
    with snapshot(warehouse) as connection:
        services = read_services(connection)
    if not services:
        return None
    today = local_today(services)
    month = Month.of(today)
    with warehouse.transaction(Role.APP) as connection:
        asked = {"first": month.first, "last": month.last}
        holidays = list[date](connection.execute(HOLIDAYS, asked).scalars())
        ended = {"end": month.first, "zone": services[0].timezone}
        has_run: bool = connection.execute(RAN_BEFORE, ended).scalar_one()
    begins = first_working_day(month, holidays)
    if begins is None or today < begins or not has_run:
        return None
    return None if keeping.is_mailed(warehouse, month.previous) else month.previous


def send_report(warehouse: Warehouse, settings: Settings, report: Report, now: datetime) -> int:
    """Queues a mail with the files for each coordinator; returns how many had none of it yet.

    Raises ReportError where the month is not over, or there is nobody to send it to.
    """
    figures, record = report.figures, report.record
    month = figures.month
    if not figures.is_over:
        raise ReportError(f"{month} is still running: its report can be made, but is not mailed")
    speech = Speech(settings.language)
    document = document_of(figures, record, settings.language)
    facts = {
        "month": speech.month(month.first),
        "report_id": record.report_id,
        "status": dict(document.cover)[speech.say("cover.status")],
        "lead": document.lead,
        "not_conformed": document.findings[Finding.NOT_CONFORMED],
    }
    # Figures that changed are another report, and are sent again
    thread = f"report-{month}"
    key = f"{thread}-{record.figures_sha256}"
    with warehouse.transaction(Role.APP) as connection:
        readers = coordinators(connection, settings, None)
        if not readers:
            raise ReportError(
                "no coordinator has an address: name one in the feed team, with an email in the"
                " feed agent, or set RTM_OPERATORS"
            )
        have_it = set[str](connection.execute(MAILS, {"thread": thread}).scalars())
        missing = [reader for reader in readers if f"{key}:{reader}" not in have_it]
        if not missing:
            return 0
        files = (Attachment(file.name, file.media_type, file.content) for file in report.files)
        attached = attach(connection, files, now)
        mails = [Mail(KIND, key, reader, facts, thread, attached) for reader in missing]
        queued = queue_mails(connection, mails, settings.language, now)
        keeping.record_mailed(connection, record, now)
    return queued
