with

-- Two shifts of one agent can share an interval
summed as (
    select
        shift_interval.agent_id,
        shift_interval.service_code,
        shift_interval.interval_start,
        sum(shift_interval.scheduled_s)::double precision as scheduled_s,
        sum(shift_interval.out_s)::double precision as out_s,
        sum(shift_interval.logged_in_s)::double precision as logged_in_s,
        max(shift_interval.settles_at) as settles_at
    from {{ ref('int_shift_interval') }} as shift_interval
    group by
        shift_interval.agent_id, shift_interval.service_code, shift_interval.interval_start
)

select
    summed.agent_id,
    summed.service_code,
    summed.interval_start,
    summed.scheduled_s,
    summed.out_s,
    summed.logged_in_s,
    -- Adherence
    summed.scheduled_s - summed.out_s as adherence_numerator,
    summed.scheduled_s as adherence_denominator,
    {{ percent('(summed.scheduled_s - summed.out_s)', 'summed.scheduled_s') }} as adherence_pct,
    'adherence/1' as adherence_formula,
    -- Clock
    {{ built_as_of() }} as as_of,
    summed.settles_at > {{ built_as_of() }} as is_provisional
from summed
