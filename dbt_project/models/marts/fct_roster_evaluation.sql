with

-- The part of each requirement that falls in an interval: those of a file may be longer or shorter
needed as (
    select
        requirement.*,
        step.interval_start as falls_in,
        {{ seconds_between(
            'greatest(requirement.interval_start, step.interval_start)',
            'least(requirement.interval_end, step.interval_start + ' ~ interval_length() ~ ')'
        ) }} as held_s,
        {{ seconds_between('requirement.interval_start', 'requirement.interval_end') }} as length_s
    from {{ ref('stg_canonical__staffing_requirement') }} as requirement
    inner join {{ ref('int_service') }} as service
        on service.service_code = requirement.service_code
    cross join
        generate_series(
            {{ interval_start('requirement.interval_start', 'service.timezone') }},
            requirement.interval_end,
            {{ interval_length() }}
        ) as step (interval_start)
),

required as (
    select
        needed.service_code,
        needed.falls_in as interval_start,
        sum(needed.required_agents * needed.held_s)
        / sum(needed.held_s) filter (where needed.required_agents is not null) as required,
        sum(needed.forecast_offered * needed.held_s / needed.length_s) as forecast_offered,
        -- Calls of which nobody says how long they take weigh nothing
        sum(needed.forecast_aht_s * needed.forecast_offered * needed.held_s / needed.length_s)
        / nullif(
            sum(needed.forecast_offered * needed.held_s / needed.length_s)
            filter (where needed.forecast_aht_s is not null),
            0
        ) as forecast_aht_s
    from needed
    where needed.held_s > 0
    group by needed.service_code, needed.falls_in
),

rostered as (
    select
        roster.service_code,
        roster.interval_start,
        sum(roster.rostered_s) as rostered_s
    from {{ ref('int_roster_interval') }} as roster
    group by roster.service_code, roster.interval_start
),

present as (
    select
        shift_interval.service_code,
        shift_interval.interval_start,
        sum(shift_interval.logged_in_s) as present_s,
        sum(shift_interval.scheduled_s) as scheduled_s,
        sum(shift_interval.available_s) as available_s,
        max(shift_interval.settles_at) as settles_at
    from {{ ref('int_shift_interval') }} as shift_interval
    where shift_interval.function <> 'rtfm'
    group by shift_interval.service_code, shift_interval.interval_start
),

-- One below the other and not joined: whoever asks for one service and one interval has only those
-- looked up
parts as (
    select
        required.service_code,
        required.interval_start,
        required.required,
        required.forecast_offered,
        required.forecast_aht_s,
        null::numeric as rostered_s,
        null::numeric as present_s,
        null::numeric as scheduled_s,
        null::numeric as available_s,
        null::timestamptz as settles_at
    from required
    union all
    select
        rostered.service_code,
        rostered.interval_start,
        null,
        null,
        null,
        rostered.rostered_s,
        null,
        null,
        null,
        null
    from rostered
    union all
    select
        present.service_code,
        present.interval_start,
        null,
        null,
        null,
        null,
        present.present_s,
        present.scheduled_s,
        present.available_s,
        present.settles_at
    from present
),

joined as (
    select
        parts.service_code,
        parts.interval_start,
        max(parts.required) as required,
        max(parts.forecast_offered) as forecast_offered,
        max(parts.forecast_aht_s) as forecast_aht_s,
        coalesce(max(parts.rostered_s), 0) as rostered_s,
        coalesce(max(parts.present_s), 0) as present_s,
        coalesce(max(parts.scheduled_s), 0) as scheduled_s,
        coalesce(max(parts.available_s), 0) as available_s,
        max(parts.settles_at) as settles_at,
        extract(epoch from {{ interval_length() }}) as length_s,
        -- What of the interval has passed
        extract(
            epoch from least(
                greatest({{ built_as_of() }} - parts.interval_start, interval '0'),
                {{ interval_length() }}
            )
        ) as passed_s
    from parts
    group by parts.service_code, parts.interval_start
)

select
    joined.service_code,
    joined.interval_start,
    -- Agents, on average over the interval
    joined.required::double precision as required,
    (joined.rostered_s / joined.length_s)::double precision as rostered,
    (joined.present_s / nullif(joined.passed_s, 0))::double precision as present,
    case
        when joined.required is not null
            then greatest(joined.required * joined.passed_s - joined.present_s, 0)
    end::double precision as understaffed_s,
    -- Coverage of the requirement by the roster
    (joined.rostered_s / joined.length_s)::double precision as coverage_numerator,
    joined.required::double precision as coverage_denominator,
    {{ percent('(joined.rostered_s / joined.length_s)', 'joined.required') }} as coverage_pct,
    'coverage/1' as coverage_formula,
    -- Shrinkage: scheduled time in which no contact could be served
    (joined.scheduled_s - joined.available_s)::double precision as shrinkage_numerator,
    joined.scheduled_s::double precision as shrinkage_denominator,
    {{ percent('(joined.scheduled_s - joined.available_s)', 'joined.scheduled_s') }}
        as shrinkage_pct,
    'shrinkage/1' as shrinkage_formula,
    -- Forecast
    joined.forecast_offered::double precision as forecast_offered,
    joined.forecast_aht_s::double precision as forecast_aht_s,
    -- Clock
    {{ built_as_of() }} as as_of,
    coalesce(joined.settles_at > {{ built_as_of() }}, false) or joined.passed_s < joined.length_s
        as is_provisional
from joined
