"""Has a mail written where a breach that began mildly has become critical."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from rtm.recovery.changing import read_plan
from rtm.recovery.telling import tell_of_worse
from rtm.settings import Settings

# Once a breach
WORSENED = text(
    """
    select plan.plan_id, breach.service_code, breach.channel, breach.kpi, breach.severity_since
    from ops.breach as breach
    inner join ops.recovery_plan as plan on plan.breach_id = breach.breach_id
    where breach.cleared_at is null
        and breach.severity_since is not null
        and not exists (
            select from ops.outbox as mail
            where mail.thread = 'breach-' || breach.breach_id and mail.kind = 'breach_worse'
        )
    order by plan.plan_id
    """
)

# All watched KPIs are counted for it: only where somebody is still to be told.
SHOWN_NOW = text(
    """
    select observed from marts.rpt_kpi_watch
    where service_code = :service_code and channel = :channel and kpi = :kpi
    """
)


def tell_of_worsened(connection: Connection, settings: Settings, as_of: datetime) -> None:
    """Of each breach that is open, once, with what its KPI shows now."""
    for worse in connection.execute(WORSENED).all():
        now = connection.execute(SHOWN_NOW, worse._asdict()).one_or_none()
        # Its target may have ended.
        if now is not None:
            plan = read_plan(connection, worse.plan_id)
            seen = (now.observed, worse.severity_since)
            tell_of_worse(connection, settings, plan, *seen, as_of)
