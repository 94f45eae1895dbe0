"""Attendance and login, for a team leader: who should be there, who is, and in which state."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import (
    AGENT_ID,
    Curves,
    Table,
    Tiles,
    Timeline,
    instants,
    numbers,
    said,
    texts,
)
from grafana.source.variables import DATE, DESK, SERVICE, TEAM

COUNTS = """
select attendance.status || '|' || count(*) as told
from marts.fct_attendance as attendance
inner join marts.dim_agent as agent using (agent_id)
where attendance.service_code in ($service) and attendance.roster_date = '$date'
    and agent.team_code = '$team'
group by attendance.status
order by attendance.status
"""

NOW = """
select
    coalesce(agent.agent_name, now.agent_id) as agent_name,
    now.state,
    now.aux_code,
    now.since_at,
    now.shift_code,
    now.status,
    now.planned_end_at
from marts.rpt_agent_now as now
left join marts.dim_agent as agent using (agent_id)
where now.team_code = '$team'
order by now.state = 'logged_out' desc, now.state, now.since_at
"""

PEOPLE = """
select
    coalesce(agent.agent_name, attendance.agent_id) as agent_name,
    attendance.agent_id,
    attendance.shift_code,
    attendance.planned_start_at,
    attendance.status,
    attendance.first_login_at,
    compliance.login_late_s,
    compliance.logout_early_s,
    compliance.gap_s,
    compliance.is_compliant
from marts.fct_attendance as attendance
inner join marts.dim_agent as agent using (agent_id)
left join marts.fct_login_compliance as compliance
    on compliance.agent_id = attendance.agent_id
    and compliance.service_code = attendance.service_code
    and compliance.roster_date = attendance.roster_date
    and compliance.shift_code = attendance.shift_code
where attendance.service_code in ($service) and attendance.roster_date = '$date'
    and agent.team_code = '$team'
    and (
        attendance.status in ('no_show', 'absent', 'late', 'unscheduled')
        or not compliance.is_compliant
    )
order by attendance.status, compliance.login_late_s desc nulls last, attendance.agent_id
"""

# A stretch is no longer than a shift with its window, so none that began a day before the range
# reaches into it; without this, the agents' whole history would be read. The team is looked up once
# and not for each of its stretches.
TIMELINE = """
with

people as materialized (
    select agent_id, agent_name
    from marts.dim_agent
    where team_code = '$team'
)

select
    greatest(told.starts_at, $__timeFrom()::timestamptz) as time,
    least(told.ends_at, told.as_of, $__timeTo()::timestamptz) as time_end,
    people.agent_name || ' ' || people.agent_id || ' · ' || {series:told.what} as lane,
    told.state
from people
cross join lateral (
    select starts_at, ends_at, state, as_of, 'actual' as what
    from marts.fct_agent_state
    where agent_id = people.agent_id
        and starts_at >= $__timeFrom()::timestamptz - interval '1 day'
        and starts_at < $__timeTo()::timestamptz
    union all
    select planned_start_at, planned_end_at, 'planned', 'infinity', 'plan'
    from marts.fct_attendance
    where agent_id = people.agent_id
        and planned_start_at >= $__timeFrom()::timestamptz - interval '1 day'
        and planned_start_at < $__timeTo()::timestamptz
        and status <> 'excused'
) as told
where told.ends_at > $__timeFrom()::timestamptz
    and told.starts_at < told.as_of
order by people.agent_name, people.agent_id, told.what desc, time
"""

PRESENT = """
select
    told.interval_start as time,
    service.service_name || ' · ' || {series:series.what} as metric,
    series.value
from marts.fct_roster_evaluation as told
inner join marts.dim_service as service using (service_code)
cross join lateral (
    values ('rostered', told.rostered), ('present', told.present)
) as series (what, value)
where $__timeFilter(interval_start) and told.service_code in ($service)
order by told.interval_start, metric
"""

REQUIRED = """
select
    told.interval_start as time,
    service.service_name || ' · ' || {series:'required'} as metric,
    told.required as value
from marts.fct_roster_evaluation as told
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and told.service_code in ($service)
    and told.required is not null
order by told.interval_start, metric
"""

AUX = """
select
    coalesce(agent.agent_name, aux.agent_id) as agent_name,
    aux.agent_id,
    aux.shift_code,
    aux.aux_code,
    aux.aux_s,
    aux.allowance_s,
    aux.excess_s,
    aux.occurrences,
    aux.longest_s
from marts.fct_aux_usage as aux
inner join marts.dim_agent as agent using (agent_id)
where aux.service_code in ($service) and aux.roster_date = '$date' and agent.team_code = '$team'
    and (aux.excess_s > 0 or aux.is_over_occurrence)
order by aux.excess_s desc, aux.longest_s desc, aux.agent_id
"""

BOARD = Board(
    "attendance",
    (
        age(),
        Tiles(
            id=2,
            name="counts",
            sql=COUNTS,
            width=20,
            height=4,
            states="attendance",
            is_titled=False,
        ),
        Table(
            id=3,
            name="people",
            sql=PEOPLE,
            width=14,
            height=9,
            columns=(
                *texts("agent_name"),
                AGENT_ID,
                *texts("shift_code"),
                *instants("planned_start_at"),
                said("status", "attendance"),
                *instants("first_login_at"),
                *numbers("login_late_s", "logout_early_s", "gap_s"),
                said("is_compliant", "compliant", "truth"),
            ),
        ),
        Table(
            id=4,
            name="now",
            sql=NOW,
            width=10,
            height=9,
            columns=(
                *texts("agent_name"),
                said("state", "agent_state"),
                *texts("aux_code"),
                *instants("since_at"),
                *texts("shift_code"),
                said("status", "attendance"),
                *instants("planned_end_at"),
            ),
        ),
        Timeline(id=5, name="timeline", sql=TIMELINE, width=24, height=16, states="agent_state"),
        Curves(
            id=6,
            name="presence",
            sql=PRESENT,
            target=REQUIRED,
            width=12,
            height=9,
            has_steps=True,
        ),
        Table(
            id=7,
            name="aux",
            sql=AUX,
            width=12,
            height=9,
            columns=(
                *texts("agent_name"),
                AGENT_ID,
                *texts("shift_code", "aux_code"),
                *numbers("aux_s", "allowance_s", "excess_s", "occurrences", "longest_s"),
            ),
        ),
    ),
    (SERVICE, TEAM, DATE, DESK),
    range_from="now/d",
    range_to="now/d",
)
