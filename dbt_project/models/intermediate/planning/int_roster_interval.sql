-- One row per service, roster date and interval in which agents are rostered to serve contacts:
-- the team leader in the RTFM function is not one of them.
{{
    config(
        meta={'touched': 'int_roster_touched', 'by': ['service_code', 'roster_date']},
        indexes=[
            {'columns': ['service_code', 'roster_date', 'interval_start'], 'unique': true},
            {'columns': ['service_code', 'interval_start']},
        ],
    )
}}

with

shifts as (
    select shift.*
    from {{ ref('int_roster_touched') }} as touched
    inner join {{ ref('int_shift') }} as shift
        on shift.service_code = touched.service_code
        and shift.roster_date = touched.roster_date
    where shift.window_start_at is not null and shift.function <> 'rtfm'
),

intervals as (
    select
        shifts.service_code,
        shifts.roster_date,
        step.interval_start,
        {{ seconds_between(
            'greatest(shifts.planned_start_at, step.interval_start)',
            'least(shifts.planned_end_at, step.interval_start + ' ~ interval_length() ~ ')'
        ) }} as rostered_s
    from shifts
    cross join
        generate_series(
            {{ interval_start('shifts.planned_start_at', 'shifts.timezone') }},
            shifts.planned_end_at,
            {{ interval_length() }}
        ) as step (interval_start)
)

select
    intervals.service_code,
    intervals.roster_date,
    intervals.interval_start,
    sum(intervals.rostered_s) as rostered_s
from intervals
where intervals.rostered_s > 0
group by intervals.service_code, intervals.roster_date, intervals.interval_start
