"""Plans that answered the same trouble lately: what was tried, and whether it worked."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

LOOK_BACK = timedelta(days=30)
MOST = 5

# The same cause before the same KPI; what worked before what did not; the newest first.
SIMILAR = text(
    """
    select
        other.plan_id,
        other.status,
        other.cause_category,
        other.correction,
        other.corrective_action,
        other.is_effective,
        other.created_at,
        breach.observed,
        breach.target
    from ops.recovery_plan as plan
    inner join ops.breach as missed on missed.breach_id = plan.breach_id
    inner join ops.breach as breach
        on breach.service_code = missed.service_code
        and breach.channel = missed.channel
        and breach.kpi = missed.kpi
    inner join ops.recovery_plan as other on other.breach_id = breach.breach_id
    where plan.plan_id = :plan_id
        and other.plan_id <> plan.plan_id
        and other.status <> 'withdrawn'
        and other.created_at > cast(:at as timestamptz) - cast(:look_back as interval)
        and other.created_at <= :at
    order by
        (other.cause_category = plan.cause_category) desc nulls last,
        other.is_effective desc nulls last,
        other.created_at desc
    limit :most
    """
)


def find_similar(connection: Connection, plan_id: int, at: datetime) -> list[RowMapping]:
    """Plans of the same service, channel and KPI of the last 30 days, most useful first."""
    asked = {"plan_id": plan_id, "at": at, "look_back": LOOK_BACK, "most": MOST}
    return list(connection.execute(SIMILAR, asked).mappings())
