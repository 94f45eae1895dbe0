with

indicators as (
    select * from {{ ref('int_procedure_indicator') }}
),

services as (
    select * from {{ ref('int_service') }}
),

-- Done in time, of what is done or overdue
speed as (
    select
        step.service_code,
        step.month,
        step.indicator,
        count(*) filter (where step.is_on_time) as numerator,
        count(*) filter (where step.is_judged) as denominator,
        percentile_cont(0.5) within group (order by step.elapsed_s) as p50_s,
        percentile_cont(0.9) within group (order by step.elapsed_s) as p90_s,
        null::double precision as lowest_day_pct,
        bool_or(step.is_open) as is_open
    from {{ ref('int_procedure_step') }} as step
    group by step.service_code, step.month, step.indicator
),

-- Of the plans that were judged
plans as (
    select
        breach.service_code,
        date_trunc('month', plan.created_at at time zone services.timezone)::date as month,
        accuracy.indicator,
        count(*) filter (where accuracy.is_right) as numerator,
        count(accuracy.is_right) as denominator,
        null::double precision as p50_s,
        null::double precision as p90_s,
        null::double precision as lowest_day_pct,
        bool_or(accuracy.is_right is null and plan.closed_at is null) as is_open
    from {{ source('ops', 'recovery_plan') }} as plan
    inner join {{ source('ops', 'breach') }} as breach on breach.breach_id = plan.breach_id
    inner join services on services.service_code = breach.service_code
    cross join
        lateral (
            values
            (
                'plan_verified_at_once',
                case
                    when plan.times_returned > 0 then false
                    when plan.verified_at is not null then true
                end
            ),
            ('plan_effectiveness', plan.is_effective)
        ) as accuracy (indicator, is_right)
    where plan.created_at <= {{ built_as_of() }}
    group by
        breach.service_code,
        date_trunc('month', plan.created_at at time zone services.timezone),
        accuracy.indicator
),

attendance as (
    select
        attendance.service_code,
        attendance.month,
        'attendance_known' as indicator,
        coalesce(sum(attendance.shifts) filter (where attendance.is_known), 0) as numerator,
        coalesce(
            sum(attendance.shifts) filter (where attendance.is_known or not attendance.is_open), 0
        ) as denominator,
        null::double precision as p50_s,
        null::double precision as p90_s,
        null::double precision as lowest_day_pct,
        bool_or(attendance.is_open) as is_open
    from {{ ref('int_procedure_attendance') }} as attendance
    group by attendance.service_code, attendance.month
),

-- One build of the marts checks logins and discipline alike
checks as (
    select
        day.service_code,
        date_trunc('month', day.local_date)::date as month,
        indicators.indicator,
        sum(day.done) as numerator,
        sum(day.due) as denominator,
        null::double precision as p50_s,
        null::double precision as p90_s,
        min({{ percent('day.done', 'day.due') }}) as lowest_day_pct,
        false as is_open
    from {{ ref('int_procedure_check_day') }} as day
    inner join indicators
        on indicators.indicator in ('login_check_consistency', 'discipline_check_consistency')
    group by day.service_code, date_trunc('month', day.local_date), indicators.indicator
),

-- Of the shifts that are over, those in whose hours somebody looked
floor_checks as (
    select
        day.service_code,
        date_trunc('month', day.roster_date)::date as month,
        'floor_check_consistency' as indicator,
        sum(day.done) as numerator,
        sum(day.due) as denominator,
        null::double precision as p50_s,
        null::double precision as p90_s,
        min({{ percent('day.done', 'day.due') }}) as lowest_day_pct,
        bool_or(day.is_open) as is_open
    from {{ ref('int_procedure_floor_check') }} as day
    group by day.service_code, date_trunc('month', day.roster_date)
    having sum(day.due) > 0
),

measured as (
    select * from speed
    union all
    select * from plans
    union all
    select * from attendance
    union all
    select * from checks
    union all
    select * from floor_checks
),

final as (
    select
        measured.service_code,
        measured.month,
        measured.indicator,
        measured.indicator || '/' || indicators.formula_version as formula,
        indicators.sop_code,
        indicators.aspect,
        -- Rate
        {{ percent('measured.numerator', 'measured.denominator') }} as value,
        'percent' as unit,
        measured.numerator::bigint as numerator,
        measured.denominator::bigint as denominator,
        -- Time it took
        measured.p50_s,
        measured.p90_s,
        indicators.sla_s,
        -- Constancy
        measured.lowest_day_pct,
        -- Clock
        {{ built_as_of() }} as as_of,
        measured.is_open
        or (measured.month + interval '1 month') at time zone services.timezone
        > {{ built_as_of() }} as is_provisional
    from measured
    inner join indicators on indicators.indicator = measured.indicator
    inner join services on services.service_code = measured.service_code
)

select * from final
