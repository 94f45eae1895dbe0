"""Sends each published roster to every team leader of its service; the answers of the mail server
are the proof of distribution (`marts.fct_roster_validity`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from rtm.notify import Mail, queue_mails
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

TEAM_LEADERS = text(
    """
    select distinct leader.email
    from marts.dim_team as team
    inner join marts.dim_agent as leader on leader.agent_id = team.team_leader_id
    where team.service_code = :service_code and leader.email is not null
    order by leader.email
    """
)

SHIFTS = text(
    """
    select
        roster.agent_id,
        coalesce(agent.agent_name, roster.agent_id) as agent_name,
        string_agg(
            to_char(roster.roster_date, 'DD/MM') || ' ' || roster.shift_code
            || case when roster.function = 'agent' then '' else ' (' || roster.function || ')' end,
            ', ' order by roster.roster_date
        ) as shifts
    from staging.stg_canonical__roster as roster
    left join marts.dim_agent as agent on agent.agent_id = roster.agent_id
    where roster.file_id = :file_id
    group by roster.agent_id, agent.agent_name
    order by roster.agent_id
    """
)


def distribute_published(warehouse: Warehouse, settings: Settings, as_of: datetime) -> int:
    """Queues the mails of published versions that have none; returns how many versions.

    A version whose service has no team leader with an address stays undistributed until it has.
    """
    distributed = 0
    with warehouse.transaction(Role.APP) as connection:
        versions = connection.execute(UNSENT).all()
        for version in versions:
            known = dict(version._mapping)
            leaders: Sequence[str] = connection.execute(TEAM_LEADERS, known).scalars().all()
            if not leaders:
                continue
            distributed += 1
            facts = {
                "service_code": version.service_code,
                "period": f"{version.period_start} – {version.period_end}",
                "version": version.version,
                "agents": [dict(row._mapping) for row in connection.execute(SHIFTS, known)],
            }
            thread = f"roster-{version.version_id}"
            queue_mails(
                connection,
                [Mail("roster_distribution", thread, leader, facts, thread) for leader in leaders],
                settings.language,
                as_of,
            )
    return distributed
