"""Opens a breach where a target is missed; clears it where it is met again or ended.

One open breach per service, channel and KPI, kept by the database. Nothing is raised on a feed that
is behind, nor while the landing folder is out of reach: calls are missing then, not lost. That is
an incident for the operators instead. Rosters that are not there at the cut-off have a breach of
their own kind (`rtm.breach.rosters`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from rtm.breach.rosters import detect_missing_rosters
from rtm.notify import Mail, queue_mails
from rtm.recipients import coordinators
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
    with warehouse.transaction(Role.APP) as connection:
        cleared = opened = 0
        if not connection.execute(IS_CUT_OFF).scalar():
            cleared = connection.execute(CLEAR, {"as_of": as_of}).rowcount
            opened = connection.execute(OPEN, {"as_of": as_of, "kpis": list(KPIS)}).rowcount
        # A roster that cannot be fetched has reached nobody.
        rosters = detect_missing_rosters(connection, settings, as_of)
        incidents = _raise_incidents(connection, settings, as_of)
    return Detected(opened + rosters.opened, cleared + rosters.cleared, incidents)


# Waiting conversations go on ageing while their answers cannot be fetched.
IS_CUT_OFF = text(
    """
    select coalesce((did ->> 'is_cut_off')::boolean, false) from ops.cycle
    where step = 'land_feeds' and error is null
    order by cycle_id desc limit 1
    """
)

# A breach that is open already is left out by the query, so that it takes no number; the index
# decides between two detections at the same moment.
OPEN = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, started_at, detected_at, comparator, target, observed,
         numerator, denominator, severity)
    select
        now.service_code,
        now.channel,
        now.kpi,
        now.window_start_at,
        :as_of,
        now.comparator,
        now.target,
        now.observed,
        now.numerator,
        now.denominator,
        case
            when now.comparator = '>=' and now.observed < now.critical then 'critical'
            when now.comparator = '<=' and now.observed > now.critical then 'critical'
            else 'warning'
        end
    from marts.rpt_kpi_now as now
    where now.kpi = any(:kpis)
        and not now.is_met
        and now.denominator >= now.min_volume
        and not now.is_feed_behind
        and not exists (
            select from ops.breach as breach
            where breach.cleared_at is null
                and (breach.service_code, breach.channel, breach.kpi)
                = (now.service_code, now.channel, now.kpi)
        )
    on conflict (service_code, channel, kpi, roster_date) where cleared_at is null do nothing
    """
)

# The report has a row for every target in force, also where nothing was offered: then nothing is
# observed, and the breach stays open. No row means that there is no target any more.
CLEAR = text(
    """
    update ops.breach as breach
    set cleared_at = :as_of, cleared_because = verdict.reason
    from (
        select
            missed.breach_id,
            case
                when now.service_code is null then 'target_ended'
                when now.is_met and not now.is_feed_behind then 'met'
            end as reason
        from ops.breach as missed
        left join marts.rpt_kpi_now as now
            on (now.service_code, now.channel, now.kpi)
            = (missed.service_code, missed.channel, missed.kpi)
        where missed.cleared_at is null and missed.roster_date is null
    ) as verdict
    where verdict.breach_id = breach.breach_id and verdict.reason is not null
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
        coalesce(source || ':', '') || coalesce(code, '-'),
        format('%s rows wait or count without allowance until it is mapped', occurrences)
    from marts.rpt_unmapped_code
    union all
    select 'file_unreachable', file.name, format('it cannot be opened: %s', file.reason)
    from (
        select did from ops.cycle where step = 'land_feeds' and error is null
        order by cycle_id desc limit 1
    ) as landing
    cross join jsonb_each_text(landing.did -> 'unreachable') as file (name, reason)
    union all
    select 'landing_unreachable', folder.name, folder.reason
    from (
        select did from ops.cycle where step = 'land_feeds' and error is null
        order by cycle_id desc limit 1
    ) as landing
    cross join jsonb_each_text(landing.did -> 'unlisted') as folder (name, reason)
    """
)


# Once nobody could be told, that stays a trouble until somebody can, whatever the KPI does.
TO_BE_TOLD_OF = text(
    """
    select service_code from ops.breach where cleared_at is null
    union
    select subject from ops.incident where kind = 'no_recipient' and closed_at is null
    """
)


def _troubles(connection: Connection, settings: Settings) -> dict[tuple[str, str], str]:
    """What is wrong now: the detail by kind and subject."""
    troubles = {(row.kind, row.subject): row.detail for row in connection.execute(TROUBLES)}
    services: list[str] = list(connection.execute(TO_BE_TOLD_OF).scalars())
    for service_code in services:
        if not coordinators(connection, settings, service_code):
            troubles["no_recipient", service_code] = (
                "a target was missed and nobody can be told: no coordinator of the service has"
                " an e-mail address, and RTM_OPERATORS is empty"
            )
    return troubles


def _raise_incidents(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Opens an incident for each trouble that is new, closes those that are gone."""
    troubles = _troubles(connection, settings)
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
