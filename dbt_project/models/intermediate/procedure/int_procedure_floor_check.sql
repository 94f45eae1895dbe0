-- One row per service and roster date with working shifts that began: how many are over, and in the
-- hours of how many the floor was checked by a round that stands.
{{ config(materialized='view') }}

with

-- Nothing could be recorded before the first cycle
records as (
    select min(cycle.as_of) as began_at
    from {{ source('ops', 'cycle') }} as cycle
),

-- Whoever is in the RTFM function checks, and is not checked
shifts as (
    select
        shift.service_code,
        shift.roster_date,
        shift.shift_code,
        min(shift.planned_start_at) as planned_start_at,
        max(shift.planned_end_at) as planned_end_at
    from {{ ref('int_shift_attendance') }} as shift
    inner join records on records.began_at <= shift.planned_end_at
    where shift.kind = 'work'
        and shift.status <> 'excused'
        and shift.function <> 'rtfm'
        and shift.planned_start_at <= {{ built_as_of() }}
    group by shift.service_code, shift.roster_date, shift.shift_code
),

judged as (
    select
        shifts.service_code,
        shifts.roster_date,
        shifts.planned_end_at <= {{ built_as_of() }} as is_over,
        made.rounds > 0 as is_checked
    from shifts
    cross join
        lateral (
            select count(*) as rounds
            from {{ ref('int_rotg_round') }} as made
            where made.service_code = shifts.service_code
                and made.roster_date = shifts.roster_date
                and made.shift_code = shifts.shift_code
                and made.checked_at between shifts.planned_start_at and shifts.planned_end_at
        ) as made
),

final as (
    select
        judged.service_code,
        judged.roster_date,
        count(*) filter (where judged.is_over) as due,
        count(*) filter (where judged.is_over and judged.is_checked) as done,
        bool_or(not judged.is_over) as is_open
    from judged
    group by judged.service_code, judged.roster_date
)

select * from final
