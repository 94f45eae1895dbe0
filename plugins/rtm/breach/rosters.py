"""A date for which no valid roster was distributed at the cut-off of H-1: a warning before it to
those who make the roster, a breach after it.

The breach has the KPI `roster_h1` and is cleared when the roster has reached the team leaders, or
when the date is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from rtm.notify import Mail, queue_mails, words
from rtm.recipients import roster_makers
from rtm.settings import Settings

KPI = "roster_h1"
CHANNEL = "roster"


@dataclass(frozen=True)
class DetectedRosters:
    opened: int
    cleared: int


def detect_missing_rosters(
    connection: Connection, settings: Settings, as_of: datetime
) -> DetectedRosters:
    """Compares the dates that need a roster with those that have one, at `as_of`."""
    cleared = connection.execute(CLEAR, {"as_of": as_of, "kpi": KPI}).rowcount
    opened = connection.execute(OPEN, {"as_of": as_of, "kpi": KPI, "channel": CHANNEL}).rowcount
    _warn(connection, settings, as_of)
    return DetectedRosters(opened, cleared)


# A date that is over needs no roster any more: what was missed is in the report.
OPEN = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, roster_date, started_at, detected_at, comparator, target,
         observed, numerator, denominator, severity)
    select date.service_code, :channel, :kpi, date.roster_date, date.due_at, :as_of, '>=', 1,
        0, 0, 1, coalesce(rule.severity, 'critical')
    from marts.rpt_roster_date as date
    inner join marts.dim_service as service on service.service_code = date.service_code
    left join staging.stg_canonical__breach_rule as rule
        on rule.service_code = date.service_code and rule.kpi = :kpi
    where date.status = 'missing'
        and coalesce(rule.is_active, true)
        and date.roster_date
        >= (cast(:as_of as timestamptz) at time zone service.timezone)::date
        and not exists (
            select from ops.breach as known
            where known.kpi = :kpi
                and known.service_code = date.service_code
                and known.roster_date = date.roster_date
                and known.cleared_at is null
        )
    on conflict (service_code, channel, kpi, roster_date) where cleared_at is null do nothing
    """
)

CLEAR = text(
    """
    update ops.breach as breach
    set cleared_at = :as_of, cleared_because = verdict.reason
    from (
        select
            missed.breach_id,
            case
                when date.status in ('on_time', 'late') then 'met'
                when date.status is null
                    or date.roster_date
                    < (cast(:as_of as timestamptz) at time zone service.timezone)::date
                    then 'target_ended'
            end as reason
        from ops.breach as missed
        left join marts.rpt_roster_date as date
            on date.service_code = missed.service_code
            and date.roster_date = missed.roster_date
        left join marts.dim_service as service on service.service_code = missed.service_code
        where missed.kpi = :kpi and missed.cleared_at is null
    ) as verdict
    where verdict.breach_id = breach.breach_id and verdict.reason is not null
    """
)

AWAITED = text(
    """
    select date.*, service.service_name, service.timezone
    from marts.rpt_roster_date as date
    inner join marts.dim_service as service on service.service_code = date.service_code
    where date.status = 'awaited'
        and date.due_at - :warning <= :as_of
        and not exists (
            select from ops.outbox as mail
            where mail.kind = 'roster_due'
                and mail.thread = 'roster-due-' || date.service_code || '-' || date.roster_date
        )
    order by date.service_code, date.roster_date
    """
)


def _warn(connection: Connection, settings: Settings, as_of: datetime) -> None:
    """Once a date, to the makers of the roster, or the operators where nobody is known."""
    say = words("roster_due", settings.language)
    mails = []
    due = {"as_of": as_of, "warning": settings.roster_warning}
    for date in connection.execute(AWAITED, due).all():
        thread = f"roster-due-{date.service_code}-{date.roster_date}"
        facts = {
            "service_name": date.service_name,
            "roster_date": f"{date.roster_date:%d/%m/%Y}",
            "due_text": f"{date.due_at.astimezone(ZoneInfo(date.timezone)):%d/%m/%Y %H:%M %Z}",
            "lacks_text": say[date.lacks].format(errors=date.latest_errors),
            "link": settings.desk_page("/rosters"),
        }
        mails += [
            Mail("roster_due", thread, address, facts, thread)
            for address in roster_makers(connection, settings, date.service_code)
        ]
    queue_mails(connection, mails, settings.language, as_of)
