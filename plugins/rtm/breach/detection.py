"""Opens a breach where a target is missed and clears it where it is met again.

One open breach per service, channel and KPI, kept by the database. Nothing is raised on a feed that
is behind: its calls are missing, not lost. That is an incident for the operators instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from rtm.notify import Mail, queue_mails
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

KPIS = ("scr", "response_time")
"""The KPIs whose miss opens a breach."""


@dataclass(frozen=True)
class Detected:
    """What one detection changed."""

    opened: int
    cleared: int
    incidents: int


def detect(warehouse: Warehouse, settings: Settings, as_of: datetime) -> Detected:
    """Compares the marts with the targets at `as_of`."""
    clock = {"as_of": as_of, "kpis": list(KPIS)}
    with warehouse.transaction(Role.APP) as connection:
        incidents = _raise_incidents(connection, settings, as_of)
        cleared = connection.execute(CLEAR, clock).rowcount
        opened = connection.execute(OPEN, clock).rowcount
    return Detected(opened, cleared, incidents)


OPEN = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, started_at, detected_at, comparator, target, observed,
         numerator, denominator, severity)
    select
        service_code,
        channel,
        kpi,
        window_start_at,
        :as_of,
        comparator,
        target,
        observed,
        numerator,
        denominator,
        case
            when comparator = '>=' and observed < critical then 'critical'
            when comparator = '<=' and observed > critical then 'critical'
            else 'warning'
        end
    from marts.rpt_kpi_now
    where kpi = any(:kpis)
        and not is_met
        and denominator >= min_volume
        and not is_feed_behind
    on conflict (service_code, channel, kpi) where cleared_at is null do nothing
    """
)

CLEAR = text(
    """
    update ops.breach as breach
    set cleared_at = :as_of
    from marts.rpt_kpi_now as now
    where breach.cleared_at is null
        and (now.service_code, now.channel, now.kpi)
        = (breach.service_code, breach.channel, breach.kpi)
        and now.is_met
        and not now.is_feed_behind
    """
)

TROUBLES = text(
    """
    select
        'feed_stale' as kind,
        feed as subject,
        format(
            'nothing has arrived since %s', to_char(latest_arrival_at, 'YYYY-MM-DD HH24:MI TZH:TZM')
        ) as detail
    from marts.rpt_feed_freshness where is_stale
    union all
    select
        'unmapped_' || kind,
        coalesce(source || ':', '') || code,
        format('%s rows wait or count without allowance until it is mapped', occurrences)
    from marts.rpt_unmapped_code
    """
)


def _raise_incidents(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Opens an incident for each trouble that is new, closes those that are gone."""
    troubles = {(row.kind, row.subject): row.detail for row in connection.execute(TROUBLES)}
    known = {
        (row.kind, row.subject): row.incident_id
        for row in connection.execute(
            text("select incident_id, kind, subject from ops.incident where closed_at is null")
        )
    }
    gone = [incident for key, incident in known.items() if key not in troubles]
    connection.execute(
        text("update ops.incident set closed_at = :as_of where incident_id = any(:gone)"),
        {"as_of": as_of, "gone": gone},
    )
    mails = []
    for (kind, subject), detail in troubles.items():
        if (kind, subject) in known:
            continue
        incident_id: int = connection.execute(
            text(
                "insert into ops.incident (kind, subject, opened_at, detail)"
                " values (:kind, :subject, :as_of, :detail) returning incident_id"
            ),
            {"kind": kind, "subject": subject, "as_of": as_of, "detail": detail},
        ).scalar_one()
        facts = {"kind": kind, "incident_subject": subject, "detail": detail}
        mails += [
            Mail("incident", f"incident:{incident_id}", operator, facts)
            for operator in settings.operators
        ]
    queue_mails(connection, mails, settings.language, as_of)
    return len(troubles.keys() - known.keys())
