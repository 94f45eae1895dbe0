"""What the pages of rosters say: coming dates, versions, uploads, the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from sqlalchemy import Connection, Row, text

Rows = Sequence[Row[Any]]

PAGE_SIZE = 100
MOST_VERSIONS = 60
MOST_UPLOADS = 20

DATES = text(
    """
    select
        date.service_code,
        service.service_name,
        service.timezone,
        date.roster_date,
        date.due_at,
        date.status,
        date.lacks,
        date.version,
        held.version_id
    from marts.rpt_roster_date as date
    inner join marts.dim_service as service on service.service_code = date.service_code
    left join ops.roster_day as day
        on day.service_code = date.service_code and day.roster_date = date.roster_date
    left join ops.roster_version as held on held.version_id = day.version_id
    where date.service_code = any(:services)
        and date.roster_date >= (date.as_of at time zone service.timezone)::date
    order by service.service_name, date.roster_date
    """
)

VERSIONS = """
    select
        known.version_id,
        validity.service_code,
        service.service_name,
        service.timezone,
        validity.period_start,
        validity.period_end,
        validity.version,
        validity.received_at,
        validity.due_at,
        validity.verdict,
        validity.errors,
        validity.warnings,
        validity.distributed_at,
        validity.is_on_time,
        coalesce(upload.original_name, validity.file_name) as file_name,
        coalesce(sender.agent_name, upload.uploaded_by) as sender_name,
        (select count(*) from ops.roster_day as day where day.version_id = known.version_id)
            as dates_held
    from marts.fct_roster_validity as validity
    inner join ops.roster_version as known
        on known.service_code = validity.service_code and known.version = validity.version
    inner join marts.dim_service as service on service.service_code = validity.service_code
    left join ops.roster_upload as upload on upload.file_name = validity.file_name
    left join marts.dim_agent as sender on sender.agent_id = upload.uploaded_by
"""

LISTED = text(
    f"""
    {VERSIONS}
    where validity.service_code = any(:services)
    order by validity.received_at desc, known.version_id desc
    limit :most
    """
)

ONE = text(f"{VERSIONS} where known.version_id = :version_id")

# The ledger knows a file by its time as well; an uploaded one has a name of its own.
UPLOADS = """
    select
        upload.*,
        coalesce(sender.agent_name, upload.uploaded_by) as sender_name,
        service.timezone,
        service.service_name,
        ledger.outcome,
        ledger.message,
        ledger.rows_quarantined,
        version.version_id,
        version.verdict,
        version.errors,
        version.warnings
    from ops.roster_upload as upload
    inner join marts.dim_service as service on service.service_code = upload.service_codes[1]
    left join marts.dim_agent as sender on sender.agent_id = upload.uploaded_by
    left join ops.file_ledger as ledger
        on ledger.feed = 'roster'
        and ledger.arrived_at >= upload.uploaded_at - interval '1 hour'
        and ledger.file_name = upload.file_name
    left join ops.roster_version as version on version.file_id = ledger.file_id
"""

WAITING = text(
    f"""
    {UPLOADS}
    where upload.service_codes && cast(:services as text[])
        and version.version_id is null
    order by upload.upload_id desc
    limit :most
    """
)

UPLOAD = text(f"{UPLOADS} where upload.upload_id = :upload_id")

FINDINGS = text(
    """
    select
        finding.*,
        coalesce(agent.agent_name, finding.agent_id) as agent_name,
        count(*) over () as found
    from ops.roster_finding as finding
    left join marts.dim_agent as agent on agent.agent_id = finding.agent_id
    where finding.version_id = :version_id
    order by finding.severity, finding.finding_id
    limit :size offset :skipped
    """
)

MAILS = text(
    """
    select mail.recipient, mail.state, mail.sent_at, mail.smtp_answer
    from ops.outbox as mail
    where mail.kind = 'roster_distribution' and mail.thread = 'roster-' || :version_id
    order by mail.recipient
    """
)

ANSWER = text(
    """
    select attachment.file_name, attachment.media_type, attachment.content
    from ops.outbox as mail
    inner join ops.attachment as attachment on attachment.attachment_id = mail.attachments[1]
    where mail.kind = 'roster_verdict' and mail.thread = 'roster-verdict-' || :version_id
    order by mail.created_at desc, mail.mail_id desc
    limit 1
    """
)

HAS_ANSWER = text(
    """
    select exists (
        select from ops.outbox as mail
        where mail.kind = 'roster_verdict'
            and mail.thread = 'roster-verdict-' || :version_id
            and cardinality(mail.attachments) > 0
    )
    """
)


@dataclass(frozen=True)
class Listed:
    """The blocks of the page of all rosters, in reading order."""

    dates: Rows
    uploads: Rows
    """Those that have no verdict yet."""
    versions: Rows


@dataclass(frozen=True)
class VersionPage:
    """The blocks of the page of one version, in reading order."""

    findings: Rows
    found: int
    mails: Rows
    has_answer: bool


def read_list(connection: Connection, services: list[str]) -> Listed:
    asked = {"services": services}
    return Listed(
        connection.execute(DATES, asked).all(),
        connection.execute(WAITING, {**asked, "most": MOST_UPLOADS}).all(),
        connection.execute(LISTED, {**asked, "most": MOST_VERSIONS}).all(),
    )


def find_version(connection: Connection, version_id: int) -> Row[Any]:
    """The version of a known service, or 404."""
    return _one(connection.execute(ONE, {"version_id": version_id}).all())


def find_upload(connection: Connection, upload_id: int) -> Row[Any]:
    """The upload with what has come of it, or 404."""
    return _one(connection.execute(UPLOAD, {"upload_id": upload_id}).all())


def read_version_page(connection: Connection, version_id: int, number: int) -> VersionPage:
    skipped = (number - 1) * PAGE_SIZE
    asked = {"version_id": version_id, "size": PAGE_SIZE, "skipped": skipped}
    findings = connection.execute(FINDINGS, asked).all()
    return VersionPage(
        findings,
        findings[0].found if findings else 0,
        connection.execute(MAILS, {"version_id": str(version_id)}).all(),
        connection.execute(HAS_ANSWER, {"version_id": str(version_id)}).scalar_one(),
    )


def read_answer(connection: Connection, version_id: int) -> Row[Any]:
    """The workbook that went back to the sender last, or 404."""
    return _one(connection.execute(ANSWER, {"version_id": str(version_id)}).all())


def _one(rows: Rows) -> Row[Any]:
    if not rows:
        raise HTTPException(404)
    return rows[-1]
