with

-- Whoever is in the RTFM function checks, and is not checked
shifts as (
    select
        shift.service_code,
        shift.roster_date,
        shift.shift_code,
        agent.team_code,
        min(shift.planned_start_at) as planned_start_at,
        max(shift.planned_end_at) as planned_end_at,
        count(*) as agents
    from {{ ref('int_shift_attendance') }} as shift
    inner join {{ ref('int_agent') }} as agent on agent.agent_id = shift.agent_id
    where shift.kind = 'work'
        and shift.status <> 'excused'
        and shift.function <> 'rtfm'
        and agent.team_code is not null
    group by shift.service_code, shift.roster_date, shift.shift_code, agent.team_code
),

checked as (
    select
        shifts.*,
        made.rounds,
        made.first_checked_at,
        coalesce(made.is_in_hours, false) as is_in_hours
    from shifts
    cross join
        lateral (
            select
                count(*) as rounds,
                min(made.checked_at) as first_checked_at,
                bool_or(
                    made.checked_at between shifts.planned_start_at and shifts.planned_end_at
                ) as is_in_hours
            from {{ ref('int_rotg_round') }} as made
            where made.service_code = shifts.service_code
                and made.roster_date = shifts.roster_date
                and made.shift_code = shifts.shift_code
                and made.team_code = shifts.team_code
        ) as made
)

select
    checked.service_code,
    checked.roster_date,
    checked.shift_code,
    checked.team_code,
    -- Plan
    checked.planned_start_at,
    checked.planned_end_at,
    checked.agents,
    -- Rounds
    checked.rounds,
    checked.first_checked_at,
    case
        when checked.is_in_hours then 'checked'
        when checked.planned_end_at <= {{ built_as_of() }} then 'missed'
        when checked.planned_start_at <= {{ built_as_of() }} then 'due'
        else 'not_due'
    end as status,
    -- Clock
    {{ built_as_of() }} as as_of,
    checked.planned_end_at > {{ built_as_of() }} as is_provisional
from checked
