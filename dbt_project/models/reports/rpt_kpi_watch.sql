{%- set now = built_as_of() -%}
with

span as (
    select
        1 as span_id,
        null::text as service_code,
        {{ now }} - max(greatest(watched.long_min, watched.clear_min)) * interval '1 minute'
            as since,
        {{ now }} as until
    from {{ ref('int_watched_kpi') }} as watched
),

decided as (
    {{ decided_contacts('span') }}
),

watched as (
    {{ kpi_windows('(select ' ~ now ~ ' as moment)', 'decided') }}
)

select
    watched.service_code,
    watched.channel,
    watched.kpi,
    watched.formula,
    watched.rule_version,
    watched.comparator,
    watched.target::double precision as target,
    watched.critical::double precision as critical,
    watched.decided_over_min::double precision as decided_over_min,
    watched.window_start_at,
    watched.numerator::double precision as numerator,
    watched.denominator::double precision as denominator,
    watched.observed::double precision as observed,
    watched.at_best::double precision as at_best,
    watched.short_observed::double precision as short_observed,
    watched.clear_observed::double precision as clear_observed,
    watched.missed_for_min::double precision as missed_for_min,
    watched.clear_for_min::double precision as clear_for_min,
    watched.is_missed,
    watched.is_recovered,
    watched.moment as as_of,
    -- The windows move with the clock
    true as is_provisional
from watched
