"""What the page of the audit says: who did what with which record of the desk, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.coaching import deciding as coaching
from rtm.desk.exception_page import READS_TEXT
from rtm.desk.rights import Right, Visitor
from rtm.floor import exceptions, rounds
from rtm.recovery import changing as recovery
from rtm.roster import uploading

PAGE_SIZE = 100

# What was decided about agents is for those who may read it where it was decided.
READABLE: Mapping[str, Right] = {
    recovery.SUBJECT: Right.READ_AUDIT,
    exceptions.SUBJECT: Right.READ_AUDIT,
    coaching.SUBJECT: Right.DECIDE_COACHING,
    rounds.SUBJECT: Right.CHECK_ROTG,
    uploading.SUBJECT: Right.READ_AUDIT,
}

# The newest of each subject and service by the index, so that a page costs the same after years. A
# file for several services is told once.
ENTRIES = text(
    f"""
    with newest as (
        select found.audit_id, min(readable.service_code) as service_code
        from unnest(cast(:subjects as text[]), cast(:services as text[]))
            as readable (subject, service_code)
        cross join lateral (
            select about.audit_id
            from ops.audit_service as about
            where about.service_code = readable.service_code
                and about.subject = readable.subject
                and (cast(:before as bigint) is null or about.audit_id < :before)
            order by about.audit_id desc
            limit :most
        ) as found
        group by found.audit_id
        order by found.audit_id desc
        limit :most
    )

    select
        entry.audit_id,
        entry.at,
        entry.actor,
        coalesce(person.agent_name, entry.actor) as actor_name,
        entry.subject,
        entry.action,
        entry.subject_id,
        entry.subject <> '{recovery.SUBJECT}' or plan.plan_id is not null as is_kept,
        concerned.agent_id,
        coalesce(agent.agent_name, concerned.agent_id) as agent_name,
        case
            when request.request_id is null or {READS_TEXT}
                then coalesce(entry.content ->> 'note', '')
            else ''
        end as note,
        service.service_name,
        service.timezone
    from newest
    inner join ops.audit as entry on entry.audit_id = newest.audit_id
    inner join marts.dim_service as service on service.service_code = newest.service_code
    left join ops.recovery_plan as plan
        on entry.subject = '{recovery.SUBJECT}' and plan.plan_id = entry.subject_id
    left join ops.exception_request as request
        on entry.subject = '{exceptions.SUBJECT}' and request.request_id = entry.subject_id
    left join ops.coaching as coaching
        on entry.subject = '{coaching.SUBJECT}' and coaching.coaching_id = entry.subject_id
    cross join lateral (
        select coalesce(request.agent_id, coaching.agent_id) as agent_id
    ) as concerned
    left join marts.dim_agent as person on person.agent_id = entry.actor
    left join marts.dim_agent as agent on agent.agent_id = concerned.agent_id
    order by entry.audit_id desc
    """
)


def read(
    connection: Connection, visitor: Visitor, before: int | None
) -> tuple[Sequence[Row[Any]], int | None]:
    """One page of entries, and the number before which the next older page begins.

    What was written about an exception is for those who read it on its own page."""
    readable = [
        (subject, service)
        for subject, right in READABLE.items()
        for service in visitor.services(right)
    ]
    asked = {
        "subjects": [subject for subject, _ in readable],
        "services": [service for _, service in readable],
        "teams": visitor.teams_of_the_day(),
        "me": visitor.agent_id,
        "before": before,
        "most": PAGE_SIZE + 1,
    }
    found = connection.execute(ENTRIES, asked).all()
    shown = found[:PAGE_SIZE]
    return shown, shown[-1].audit_id if len(found) > PAGE_SIZE else None
