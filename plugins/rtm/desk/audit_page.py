"""What the page of the audit says: who did what with which record of the desk, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.desk.exception_page import READS_TEXT
from rtm.desk.rights import Right, Visitor

PAGE_SIZE = 100

# Of a plan that was removed at the end of its retention, the row of its removal tells the service.
ENTRIES = text(
    f"""
    select
        entry.audit_id,
        entry.at,
        entry.actor,
        coalesce(person.agent_name, entry.actor) as actor_name,
        entry.subject,
        entry.action,
        entry.subject_id,
        about.is_kept,
        about.agent_id,
        coalesce(agent.agent_name, about.agent_id) as agent_name,
        case when about.reads_text then coalesce(entry.content ->> 'note', '') else '' end as note,
        service.service_name,
        service.timezone
    from ops.audit as entry
    cross join lateral (
        select breach.service_code, null as agent_id, true as is_kept, true as reads_text
        from ops.recovery_plan as plan
        inner join ops.breach as breach on breach.breach_id = plan.breach_id
        where entry.subject = 'recovery_plan' and plan.plan_id = entry.subject_id
        union all
        select removal.content ->> 'service_code', null, false, true
        from ops.audit as removal
        where entry.subject = 'recovery_plan'
            and removal.subject = entry.subject
            and removal.subject_id = entry.subject_id
            and removal.action = 'remove'
        union all
        select agent.service_code, request.agent_id, true, {READS_TEXT}
        from ops.exception_request as request
        inner join marts.dim_agent as agent on agent.agent_id = request.agent_id
        where entry.subject = 'exception_request' and request.request_id = entry.subject_id
        union all
        select coaching.service_code, coaching.agent_id, true, true
        from ops.coaching as coaching
        where entry.subject = 'coaching'
            and coaching.coaching_id = entry.subject_id
            and coaching.service_code = any(:coached)
        union all
        select round.service_code, null, true, true
        from ops.rotg_round as round
        where entry.subject = 'rotg_round'
            and round.round_id = entry.subject_id
            and round.service_code = any(:checked)
        union all
        -- A file for several services is told once
        select min(uploaded_for.service_code), null, true, true
        from ops.roster_upload as upload
        cross join unnest(upload.service_codes) as uploaded_for (service_code)
        where entry.subject = 'roster_upload'
            and upload.upload_id = entry.subject_id
            and uploaded_for.service_code = any(:services)
    ) as about
    inner join marts.dim_service as service on service.service_code = about.service_code
    left join marts.dim_agent as person on person.agent_id = entry.actor
    left join marts.dim_agent as agent on agent.agent_id = about.agent_id
    where about.service_code = any(:services)
        and (cast(:before as bigint) is null or entry.audit_id < :before)
    order by entry.audit_id desc
    limit :most
    """
)


def read(
    connection: Connection, visitor: Visitor, before: int | None
) -> tuple[Sequence[Row[Any]], int | None]:
    """One page of entries, and the number before which the next older page begins.

    What was decided about agents is for those who may read it where it was decided; what was
    written about an exception, for those who read it on its own page."""
    asked = {
        "services": visitor.services(Right.READ_AUDIT),
        "coached": visitor.services(Right.DECIDE_COACHING),
        "checked": visitor.services(Right.CHECK_ROTG),
        "teams": visitor.teams_of_the_day(),
        "me": visitor.agent_id,
        "before": before,
        "most": PAGE_SIZE + 1,
    }
    found = connection.execute(ENTRIES, asked).all()
    shown = found[:PAGE_SIZE]
    return shown, shown[-1].audit_id if len(found) > PAGE_SIZE else None
