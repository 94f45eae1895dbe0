"""Who was missing at a service in a span of time: whom the plan of a breach counts, and whom the
page of the breach names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

# The dates around the window in UTC hold every shift that touches it in any zone, and are an index
# range.
MISSING = text(
    """
    select
        coalesce(team.team_name, agent.team_code, '') as team_name,
        coalesce(agent.agent_name, attendance.agent_id) as agent_name,
        attendance.agent_id,
        attendance.shift_code,
        attendance.status as matter,
        attendance.planned_start_at,
        attendance.first_login_at
    from marts.fct_attendance as attendance
    left join marts.dim_agent as agent on agent.agent_id = attendance.agent_id
    left join marts.dim_team as team on team.team_code = agent.team_code
    where attendance.service_code = :service_code
        and attendance.roster_date
        between cast(:since as date) - 2 and cast(:until as date) + 1
        and attendance.planned_start_at <= :until
        and attendance.planned_end_at > :since
        and (
            attendance.status in ('no_show', 'absent')
            -- Late, and not yet there when the window began
            or (attendance.status = 'late' and attendance.first_login_at > :since)
        )
    order by
        array_position(array['no_show', 'absent', 'late'], attendance.status),
        team_name,
        agent_name,
        attendance.agent_id
    """
)


def read_missing(
    connection: Connection, service_code: str, since: datetime, until: datetime
) -> Sequence[Row[Any]]:
    """People of the shifts that touch the window who were not there, or came after it began."""
    return connection.execute(
        MISSING, {"service_code": service_code, "since": since, "until": until}
    ).all()
