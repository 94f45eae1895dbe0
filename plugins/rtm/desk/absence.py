"""Who is not where the roster has them: absent, not logged in, late, in AUX beyond what is allowed.

Reads marts; what these words mean is said there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

Rows = Sequence[Row[Any]]

# The dates around the clock in UTC hold every shift under way in any zone, and are an index range.
ON_SHIFT = text(
    """
    with

    on_shift as (
        select
            attendance.agent_id,
            attendance.service_code,
            attendance.roster_date,
            attendance.shift_code,
            attendance.status,
            attendance.planned_start_at
        from marts.fct_attendance as attendance
        where attendance.service_code = any(:services)
            and attendance.roster_date
            between cast(:as_of as date) - 2 and cast(:as_of as date) + 1
            and attendance.planned_start_at <= :as_of
            and attendance.planned_end_at > :as_of
    ),

    matters as (
        select
            on_shift.*,
            on_shift.status as matter,
            null as aux_code,
            compliance.login_late_s as extent_s
        from on_shift
        left join marts.fct_login_compliance as compliance
            on compliance.agent_id = on_shift.agent_id
            and compliance.service_code = on_shift.service_code
            and compliance.roster_date = on_shift.roster_date
            and compliance.shift_code = on_shift.shift_code
        where on_shift.status in ('no_show', 'absent', 'late')
        union all
        select
            on_shift.*,
            case when aux.excess_s > 0 then 'over_aux' else 'over_occurrence' end,
            aux.aux_code,
            case when aux.excess_s > 0 then aux.excess_s else aux.longest_s end
        from on_shift
        inner join marts.fct_aux_usage as aux
            on aux.agent_id = on_shift.agent_id
            and aux.service_code = on_shift.service_code
            and aux.roster_date = on_shift.roster_date
            and aux.shift_code = on_shift.shift_code
        where aux.excess_s > 0 or aux.is_over_occurrence
    )

    select
        matters.service_code,
        service.service_name,
        service.timezone,
        coalesce(team.team_name, agent.team_code, '') as team_name,
        coalesce(agent.agent_name, matters.agent_id) as agent_name,
        matters.agent_id,
        matters.shift_code,
        matters.planned_start_at,
        matters.matter,
        matters.aux_code,
        matters.extent_s
    from matters
    inner join marts.dim_service as service on service.service_code = matters.service_code
    left join marts.dim_agent as agent on agent.agent_id = matters.agent_id
    left join marts.dim_team as team on team.team_code = agent.team_code
    order by
        service.service_name,
        team_name,
        array_position(
            array['no_show', 'absent', 'over_aux', 'over_occurrence', 'late'], matters.matter
        ),
        matters.extent_s desc nulls last,
        matters.agent_id
    """
)


def read_on_shift(connection: Connection, services: list[str], as_of: datetime) -> Rows:
    """People of the shifts that run at `as_of` with what is wrong, by service and team."""
    return connection.execute(ON_SHIFT, {"services": services, "as_of": as_of}).all()
