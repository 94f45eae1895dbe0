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

joined as (
    select
        service_code,
        interval_start,
        required.required,
        required.forecast_offered,
        required.forecast_aht_s,
        coalesce(rostered.rostered_s, 0) as rostered_s,
        coalesce(present.present_s, 0) as present_s,
        coalesce(present.scheduled_s, 0) as scheduled_s,
        coalesce(present.available_s, 0) as available_s,
        present.settles_at,
        extract(epoch from {{ interval_length() }}) as length_s,
        -- What of the interval has passed
        extract(
            epoch from least(
                greatest({{ built_as_of() }} - interval_start, interval '0'),
                {{ interval_length() }}
            )
        ) as passed_s
    from required
    full join rostered using (service_code, interval_start)
    full join present using (service_code, interval_start)
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
