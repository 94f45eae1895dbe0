with

rostered as (
    select * from {{ ref('int_shift_attendance') }}
),

unscheduled as (
    select * from {{ ref('int_unscheduled') }}
),

final as (
    select
        rostered.agent_id,
        rostered.service_code,
        rostered.roster_date,
        rostered.shift_code,
        rostered.function,
        -- Plan
        rostered.planned_start_at,
        rostered.planned_end_at,
        -- Presence
        rostered.first_login_at,
        rostered.last_logout_at,
        rostered.scheduled_s::double precision as scheduled_s,
        rostered.present_s::double precision as present_s,
        rostered.status,
        -- Attendance rate
        (
            case
                when rostered.is_over and rostered.status <> 'excused'
                    then (rostered.status in ('present', 'late'))::int
                else 0
            end
        )::bigint as attendance_numerator,
        (rostered.is_over and rostered.status <> 'excused')::int::bigint
            as attendance_denominator,
        'attendance/1' as attendance_formula,
        rostered.is_provisional
    from rostered
    union all
    select
        unscheduled.agent_id,
        unscheduled.service_code,
        unscheduled.roster_date,
        null,
        null,
        null,
        null,
        unscheduled.first_login_at,
        unscheduled.last_logout_at,
        0,
        0,
        'unscheduled',
        0,
        0,
        'attendance/1',
        unscheduled.is_provisional
    from unscheduled
)

select
    final.*,
    {{ built_as_of() }} as as_of
from final
