"""What the page of the audit says: who did what with which recovery plan, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

PAGE_SIZE = 100

ENTRIES = text(
    """
    select
        entry.audit_id,
        entry.at,
        entry.actor,
        coalesce(person.agent_name, entry.actor) as actor_name,
        entry.action,
        entry.subject_id as plan_id,
        coalesce(entry.content ->> 'note', '') as note,
        service.service_name,
        service.timezone
    from ops.audit as entry
    inner join ops.recovery_plan as plan on plan.plan_id = entry.subject_id
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.dim_agent as person on person.agent_id = entry.actor
    where entry.subject = 'recovery_plan'
        and breach.service_code = any(:services)
        and (cast(:before as bigint) is null or entry.audit_id < :before)
    order by entry.audit_id desc
    limit :most
    """
)


def read(
    connection: Connection, services: list[str], before: int | None
) -> tuple[Sequence[Row[Any]], int | None]:
    """One page of entries, and the number before which the next older page begins."""
    asked = {"services": services, "before": before, "most": PAGE_SIZE + 1}
    found = connection.execute(ENTRIES, asked).all()
    shown = found[:PAGE_SIZE]
    return shown, shown[-1].audit_id if len(found) > PAGE_SIZE else None
