"""Sends each published roster to every team leader of its service, as a workbook and with the
calendar of his team; the answers of the mail server are the proof of distribution
(`marts.fct_roster_validity`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from openpyxl import Workbook
from sqlalchemy import Connection, Row, text

from rtm.notify import Attachment, Mail, attach, queue_mails, words
from rtm.notify.outbox import LONGEST_RECIPIENT
from rtm.recipients import has_silent_leader, teams_by_leader
from rtm.roster.cells import XLSX, file_stem, saved
from rtm.roster.published import held_rows, team_calendars, write_published
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

UNSENT = text(
    """
    select version.*
    from ops.roster_version as version
    where version.verdict = 'valid'
        and exists (select from ops.roster_day as day where day.version_id = version.version_id)
        and not exists (
            select from ops.outbox as mail
            where mail.kind = 'roster_distribution'
                and mail.thread = 'roster-' || version.version_id
        )
    order by version.version_id
    """
)

# Of a roster whose days are over nothing is written anew.
REFUSED = text(
    """
    select version.*, mails.mail_ids, mails.recipients
    from (
        select
            mail.thread,
            array_agg(mail.mail_id order by mail.mail_id) as mail_ids,
            array_agg(mail.recipient order by mail.mail_id) as recipients
        from ops.outbox as mail
        where mail.kind = 'roster_distribution'
            and mail.state = 'refused'
            and mail.replaced_at is null
        group by mail.thread
    ) as mails
    inner join ops.roster_version as version on mails.thread = 'roster-' || version.version_id
    inner join marts.dim_service as service on service.service_code = version.service_code
    where exists (
        select from ops.roster_day as day
        where day.version_id = version.version_id
            and day.roster_date >= (cast(:as_of as timestamptz) at time zone service.timezone)::date
    )
    order by version.version_id
    """
)

TOLD = text("select recipient from ops.outbox where thread = :thread")

REPLACED = text("update ops.outbox set replaced_at = :as_of where mail_id = any(:mail_ids)")

SHOWN_IN_MAIL = 50


def distribute_published(warehouse: Warehouse, settings: Settings, as_of: datetime) -> int:
    """Queues the mails of published versions that have none; returns of how many versions.

    A version whose service has no team leader with an address stays undistributed until it has. A
    mail that was refused at an address that leads no team any more is written anew, to those team
    leaders who have none.
    """
    distributed = 0
    with warehouse.transaction(Role.APP) as connection:
        versions = connection.execute(UNSENT).all()
        for version in versions:
            leaders = teams_by_leader(connection, version.service_code)
            if not leaders:
                continue
            distributed += 1
            _queue(connection, settings, version, leaders, as_of)
        return distributed + _replace_refused(connection, settings, as_of)


def _replace_refused(connection: Connection, settings: Settings, as_of: datetime) -> int:
    replaced = 0
    for version in connection.execute(REFUSED, {"as_of": as_of}).all():
        leaders = teams_by_leader(connection, version.service_code)
        reached = {address[:LONGEST_RECIPIENT] for address in leaders}
        refused = zip(version.mail_ids, version.recipients, strict=True)
        lost = {mail_id: recipient for mail_id, recipient in refused if recipient not in reached}
        if not leaders or not lost:
            continue
        thread = {"thread": f"roster-{version.version_id}"}
        told = set[str](connection.execute(TOLD, thread).scalars())
        untold = {
            address: teams
            for address, teams in leaders.items()
            if address[:LONGEST_RECIPIENT] not in told
        }
        if untold:
            replaced += 1
            _queue(connection, settings, version, untold, as_of)
        # It may be the mail of who has lost the wrong address and has no other yet.
        if not has_silent_leader(connection, version.service_code, lost.values()):
            connection.execute(REPLACED, {"as_of": as_of, "mail_ids": list(lost)})
    return replaced


def _queue(
    connection: Connection,
    settings: Settings,
    version: Row[Any],
    leaders: Mapping[str, Sequence[str]],
    as_of: datetime,
) -> None:
    rows = held_rows(connection, version)
    name = f"roster_{version.service_code}_{version.period_start}_v{version.version}"
    workbook = attach(
        connection,
        [Attachment(f"{file_stem(name)}.xlsx", XLSX, _workbook(version, rows, settings))],
        as_of,
    )
    calendars = team_calendars(version, rows, settings.language, as_of)
    of_team = {
        team: attach(
            connection,
            [Attachment(f"{file_stem(f'{name}_{team}')}.ics", "text/calendar", content)],
            as_of,
        )
        for team, content in calendars.items()
    }
    agents = _shifts_by_agent(rows)
    facts = {
        "service_code": version.service_code,
        "period": f"{version.period_start} – {version.period_end}",
        "version": version.version,
        "agents": agents[:SHOWN_IN_MAIL],
        "hidden": max(len(agents) - SHOWN_IN_MAIL, 0),
        "link": settings.desk_page(f"/rosters/versions/{version.version_id}"),
    }
    thread = f"roster-{version.version_id}"
    mails = [
        Mail(
            "roster_distribution",
            thread,
            address,
            facts,
            thread,
            workbook + sum((of_team.get(team, ()) for team in teams), ()),
        )
        for address, teams in leaders.items()
    ]
    queue_mails(connection, mails, settings.language, as_of)


def _workbook(version: Row[Any], rows: Sequence[Row[Any]], settings: Settings) -> bytes:
    book = Workbook()
    book.active.title = words("roster_workbook", settings.language)["roster_sheet"]
    write_published(book.active, version, rows, settings.language)
    return saved(book)


def _shifts_by_agent(rows: Sequence[Row[Any]]) -> list[dict[str, str]]:
    return [
        {
            "agent_id": agent_id,
            "agent_name": name,
            "shifts": ", ".join(
                f"{row.roster_date:%d/%m} {row.shift_code}"
                + ("" if row.function == "agent" else f" ({row.function})")
                for row in of_agent
            ),
        }
        for (agent_id, name), of_agent in groupby(
            sorted(rows, key=lambda row: (row.agent_id, row.roster_date)),
            key=lambda row: (row.agent_id, row.agent_name),
        )
    ]
