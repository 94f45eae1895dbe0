"""Has a mail written where a breach that began mildly has become critical."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from rtm.recovery.changing import read_plan
from rtm.recovery.telling import tell_of_worse
from rtm.settings import Settings

# Once a breach, with what its KPI shows now.
WORSENED = text(
    """
    select plan.plan_id, breach.severity_since, watched.observed
    from ops.breach as breach
    inner join ops.recovery_plan as plan on plan.breach_id = breach.breach_id
    inner join marts.rpt_kpi_watch as watched
        on (watched.service_code, watched.channel, watched.kpi)
        = (breach.service_code, breach.channel, breach.kpi)
    where breach.cleared_at is null
        and breach.severity_since is not null
        and not exists (
            select from ops.outbox as mail
            where mail.thread = 'breach-' || breach.breach_id and mail.kind = 'breach_worse'
        )
    order by plan.plan_id
    """
)


def tell_of_worsened(connection: Connection, settings: Settings, as_of: datetime) -> None:
    """Of each breach that is open, once."""
    for worse in connection.execute(WORSENED).all():
        plan = read_plan(connection, worse.plan_id)
        seen = (worse.observed, worse.severity_since)
        tell_of_worse(connection, settings, plan, *seen, as_of)
