-- One row per service and local day with people on duty: the minutes in which a check of them was
-- due, and those in which the marts were brought to the clock.
{{ config(materialized='view') }}

with

services as (
    select * from {{ ref('int_service') }}
),

-- Nothing was due before the first cycle
records as (
    select date_trunc('minute', min(cycle.as_of)) as began_at
    from {{ source('ops', 'cycle') }} as cycle
),

checks as (
    select distinct date_trunc('minute', cycle.as_of) as minute
    from {{ source('ops', 'cycle') }} as cycle
    where cycle.step = 'build_marts' and cycle.error is null
),

shifts as (
    select distinct shift.service_code, shift.planned_start_at, shift.planned_end_at
    from {{ ref('int_shift_attendance') }} as shift
    where shift.kind = 'work' and shift.planned_start_at < {{ built_as_of() }}
),

-- Times on duty that overlap are one
duty as (
    select
        shifts.service_code,
        day.local_day::date as local_date,
        range_agg(
            tstzrange(
                greatest(
                    shifts.planned_start_at,
                    records.began_at,
                    day.local_day at time zone services.timezone
                ),
                greatest(
                    shifts.planned_start_at,
                    records.began_at,
                    day.local_day at time zone services.timezone,
                    least(
                        shifts.planned_end_at,
                        {{ built_as_of() }},
                        (day.local_day + interval '1 day') at time zone services.timezone
                    )
                )
            )
        ) as on_duty
    from shifts
    inner join services on services.service_code = shifts.service_code
    inner join records on records.began_at <= shifts.planned_end_at
    cross join
        lateral generate_series(
            date_trunc('day', shifts.planned_start_at at time zone services.timezone),
            shifts.planned_end_at at time zone services.timezone,
            interval '1 day'
        ) as day (local_day)
    group by shifts.service_code, day.local_day
),

-- Whole minutes
pieces as (
    select
        duty.service_code,
        duty.local_date,
        date_trunc('minute', lower(piece.span)) as from_at,
        date_trunc('minute', upper(piece.span)) as to_at
    from duty
    cross join unnest(duty.on_duty) as piece (span)
),

bounds as (
    select pieces.from_at as bound from pieces
    union
    select pieces.to_at from pieces
),

-- How many minutes with a check lie before each bound, in one walk through all of them
marks as (
    select bounds.bound, 0 as is_check from bounds
    union all
    select checks.minute, 1 from checks
),

walked as (
    select
        marks.bound,
        marks.is_check,
        sum(marks.is_check) over (
            order by marks.bound, marks.is_check rows unbounded preceding
        ) as checks_before
    from marks
),

counted as (
    select walked.bound, walked.checks_before from walked
    where walked.is_check = 0
),

final as (
    select
        pieces.service_code,
        pieces.local_date,
        sum(extract(epoch from pieces.to_at - pieces.from_at) / 60)::bigint as due,
        sum(at_end.checks_before - at_start.checks_before)::bigint as done
    from pieces
    inner join counted as at_start on at_start.bound = pieces.from_at
    inner join counted as at_end on at_end.bound = pieces.to_at
    where pieces.to_at > pieces.from_at
    group by pieces.service_code, pieces.local_date
)

select * from final
