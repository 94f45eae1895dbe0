"""Who is not where the roster has them: not come, logged out again, in AUX beyond what is allowed;
and who was late or over their AUX before.

Reads marts, where it is said what these words mean, and staging to find the exceptions of a few.
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

    -- Logged out or in AUX; once for all, and not for each person anew
    gone as materialized (
        select now.agent_id, now.state, now.aux_code, now.since_at
        from marts.rpt_agent_now as now
        where now.service_code = any(:services)
            and now.state in ('logged_out', 'aux')
            and now.since_at < :as_of
            and now.agent_id in (select on_shift.agent_id from on_shift)
    ),

    -- Of these people alone: of all exceptions that were ever told, the version that holds would
    -- have to be found
    exceptions as materialized (
        select
            exception.agent_id,
            range_agg(tstzrange(exception.start_at, exception.end_at)) as excepted
        from marts.fct_exception as exception
        where exception.exception_id = any(
                array(
                    select version.exception_id
                    from staging.stg_canonical__exception as version
                    where version.agent_id = any(array(select gone.agent_id from gone))
                )
            )
            and exception.is_approved
            and exception.start_at < exception.end_at
        group by exception.agent_id
    ),

    -- Without an exception at this moment
    away as materialized (
        select
            gone.agent_id,
            gone.state,
            gone.aux_code,
            lower(spent.unexcepted) as since_at,
            stretches.away_s
        from gone
        left join exceptions on exceptions.agent_id = gone.agent_id
        cross join
            lateral (
                select
                    tstzmultirange(tstzrange(gone.since_at, :as_of))
                    - coalesce(exceptions.excepted, '{}'::tstzmultirange) as unexcepted
            ) as spent
        cross join
            lateral (
                select
                    sum(extract(epoch from upper(piece.stretch) - lower(piece.stretch))) as away_s
                from unnest(spent.unexcepted) as piece (stretch)
            ) as stretches
        where upper(spent.unexcepted) = :as_of
    ),

    matters as (
        select
            on_shift.*,
            on_shift.status as matter,
            null as aux_code,
            compliance.login_late_s as extent_s,
            null::timestamptz as since_at,
            on_shift.status <> 'late' as is_now
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
            'logged_out',
            null,
            away.away_s,
            away.since_at,
            true
        from on_shift
        inner join away on away.agent_id = on_shift.agent_id and away.state = 'logged_out'
        inner join marts.dim_service as service on service.service_code = on_shift.service_code
        where on_shift.status in ('present', 'late')
            and away.away_s > service.logout_tolerance_s
        union all
        select
            on_shift.*,
            case when aux.excess_s > 0 then 'over_aux' else 'over_occurrence' end,
            aux.aux_code,
            case when aux.excess_s > 0 then aux.excess_s else aux.longest_s end,
            null,
            -- Too long at one time: that which runs, and not an earlier one
            away.agent_id is not null
            and (aux.excess_s > 0 or away.away_s >= aux.longest_s)
        from on_shift
        inner join marts.fct_aux_usage as aux
            on aux.agent_id = on_shift.agent_id
            and aux.service_code = on_shift.service_code
            and aux.roster_date = on_shift.roster_date
            and aux.shift_code = on_shift.shift_code
        left join away
            on away.agent_id = on_shift.agent_id
            and away.state = 'aux'
            and aux.aux_code in (away.aux_code, 'UNMAPPED:' || away.aux_code)
        where aux.excess_s > 0 or aux.is_over_occurrence
    )

    select
        matters.service_code,
        service.service_name,
        service.timezone,
        agent.team_code,
        coalesce(team.team_name, agent.team_code, '') as team_name,
        coalesce(agent.agent_name, matters.agent_id) as agent_name,
        matters.agent_id,
        matters.shift_code,
        matters.planned_start_at,
        matters.matter,
        matters.aux_code,
        matters.extent_s,
        matters.since_at,
        matters.is_now
    from matters
    inner join marts.dim_service as service on service.service_code = matters.service_code
    left join marts.dim_agent as agent on agent.agent_id = matters.agent_id
    left join marts.dim_team as team on team.team_code = agent.team_code
    order by
        service.service_name,
        team_name,
        array_position(
            array['no_show', 'absent', 'logged_out', 'over_aux', 'over_occurrence', 'late'],
            matters.matter
        ),
        matters.extent_s desc nulls last,
        matters.agent_id
    """
)


def read_on_shift(connection: Connection, services: list[str], as_of: datetime) -> Rows:
    """What is wrong with people of the shifts that run at `as_of`, by service and team: whether it
    keeps them from their place now (`is_now`), or did before."""
    return connection.execute(ON_SHIFT, {"services": services, "as_of": as_of}).all()
