with

services as (
    select
        service.service_code,
        service.timezone,
        {{ staffed_interval(built_as_of(), 'service.timezone') }} as interval_start
    from {{ ref('int_service') }} as service
),

-- Those that run, of which it is known whether the agent came
shifts as (
    select
        services.service_code,
        count(*) filter (where shift.status in ('present', 'late')) as came,
        count(*) as known
    from services
    inner join {{ ref('int_shift_attendance') }} as shift
        on shift.service_code = services.service_code
        and {{ shift_runs_at('shift', built_as_of(), 'services.timezone') }}
    where shift.status in ('present', 'late', 'no_show', 'absent')
    group by services.service_code
),

-- By service and interval, so that only these are looked up, and only where somebody asks: what is
-- required must be put together from all that was delivered for the service
staff as (
    select
        services.service_code,
        running.present,
        running.required
    from services
    cross join
        lateral (
            select
                evaluation.present,
                evaluation.required
            from {{ ref('fct_roster_evaluation') }} as evaluation
            where evaluation.service_code = services.service_code
                and evaluation.interval_start = services.interval_start
                and evaluation.required > 0
        ) as running
    where exists (
            select from {{ ref('int_target_in_force') }} as target
            where target.service_code = services.service_code and target.kpi = 'staffing'
        )
)

select
    services.service_code,
    services.interval_start,
    -- Shifts
    coalesce(shifts.came, 0) as attendance_numerator,
    coalesce(shifts.known, 0) as attendance_denominator,
    {{ percent('shifts.came', 'shifts.known') }} as attendance_pct,
    'attendance/1' as attendance_formula,
    -- Agents, on average over what has passed of the interval
    staff.present as staffing_numerator,
    staff.required as staffing_denominator,
    {{ percent('staff.present', 'staff.required') }} as staffing_pct,
    'staffing/1' as staffing_formula,
    {{ built_as_of() }} as as_of,
    -- The shifts move with the clock
    true as is_provisional
from services
left join shifts on shifts.service_code = services.service_code
left join staff on staff.service_code = services.service_code
