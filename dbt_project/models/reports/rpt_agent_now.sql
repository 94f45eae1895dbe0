with

services as (
    select
        service.service_code,
        ({{ built_as_of() }} at time zone service.timezone)::date as today
    from {{ ref('int_service') }} as service
),

-- Those that run; of two, the one that began last
shifts as (
    select distinct on (shift.agent_id)
        shift.agent_id,
        shift.service_code,
        shift.roster_date,
        shift.shift_code,
        shift.planned_start_at,
        shift.planned_end_at,
        shift.status
    from services
    inner join {{ ref('int_shift_attendance') }} as shift
        on shift.service_code = services.service_code
        -- The day before for a shift over midnight
        and shift.roster_date between services.today - 1 and services.today
    where shift.kind = 'work'
        and shift.status <> 'excused'
        and shift.planned_start_at <= {{ built_as_of() }}
        and shift.planned_end_at > {{ built_as_of() }}
    order by shift.agent_id, shift.planned_start_at desc, shift.service_code, shift.shift_code
),

-- Agent by agent, by index: nobody's history is read
latest as (
    select
        agent.agent_id,
        agent.service_code,
        agent.team_code,
        state.starts_at,
        state.ends_at,
        state.state,
        state.aux_code,
        coalesce(state.ends_at > {{ built_as_of() }}, false) as is_logged_in
    from {{ ref('int_agent') }} as agent
    left join
        lateral (
            select told.starts_at, told.ends_at, told.state, told.aux_code
            from {{ ref('int_agent_state') }} as told
            where told.agent_id = agent.agent_id
            order by told.starts_at desc
            limit 1
        ) as state
        on true
)

select
    latest.agent_id,
    coalesce(shifts.service_code, latest.service_code) as service_code,
    latest.team_code,
    -- State
    case when latest.is_logged_in then latest.state else 'logged_out' end as state,
    case when latest.is_logged_in then latest.aux_code end as aux_code,
    case
        when latest.is_logged_in then latest.starts_at
        else greatest(shifts.planned_start_at, latest.ends_at)
    end as since_at,
    -- The shift that runs
    shifts.roster_date,
    shifts.shift_code,
    shifts.planned_start_at,
    shifts.planned_end_at,
    shifts.status,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from latest
left join shifts on shifts.agent_id = latest.agent_id
where latest.is_logged_in or shifts.agent_id is not null
