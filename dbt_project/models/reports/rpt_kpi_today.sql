with

services as (
    select
        service.service_code,
        date_trunc('day', {{ built_as_of() }}, service.timezone) as day_start_at
    from {{ ref('int_service') }} as service
),

today as (
    select
        services.service_code,
        told.channel,
        told.kpi,
        sum(told.numerator) as numerator,
        sum(told.denominator) as denominator
    from services
    cross join
        lateral (
            select voice.channel, measure.*
            from {{ ref('int_voice_interval') }} as voice
            cross join lateral ({{ voice_kpis('voice') }}) as measure
            where voice.service_code = services.service_code
                and voice.interval_start >= services.day_start_at
                and voice.interval_start <= {{ built_as_of() }}
            union all
            select nonvoice.channel, measure.*
            from {{ ref('int_nonvoice_interval') }} as nonvoice
            cross join lateral ({{ nonvoice_kpis('nonvoice') }}) as measure
            where nonvoice.service_code = services.service_code
                and nonvoice.interval_start >= services.day_start_at
                and nonvoice.interval_start <= {{ built_as_of() }}
        ) as told (channel, kpi, formula_version, numerator, denominator)
    -- What waits is asked as it stands, not over a day
    where told.kpi not in ('waiting_list', 'oldest_waiting')
    group by services.service_code, told.channel, told.kpi
),

observed as (
    select
        today.*,
        {{ kpi_value('today') }} as observed
    from today
)

select
    kpi_now.service_code,
    kpi_now.channel,
    kpi_now.kpi,
    kpi_now.formula,
    array_position(
        array[
            'scr', 'abandon_rate', 'service_level', 'asa', 'aht',
            'response_time', 'waiting_list', 'oldest_waiting', 'attendance', 'staffing',
            'login_compliance', 'adherence'
        ],
        kpi_now.kpi
    )::bigint as place,
    case
        when kpi_now.kpi in ('aht', 'asa', 'oldest_waiting') then ' s'
        when kpi_now.kpi = 'waiting_list' then ''
        else ' %'
    end as unit,
    -- Target
    kpi_now.comparator,
    kpi_now.target,
    kpi_now.critical,
    -- In the window of the target
    kpi_now.numerator,
    kpi_now.denominator,
    kpi_now.observed,
    kpi_now.is_met,
    coalesce({{ verdict('kpi_now', 'kpi_now.observed') }} = 'critical', false) as is_critical,
    kpi_now.is_feed_behind,
    {{ verdict('kpi_now', 'kpi_now.observed', 'kpi_now.is_feed_behind') }} as verdict,
    -- Since local midnight
    observed.numerator::double precision as today_numerator,
    observed.denominator::double precision as today_denominator,
    observed.observed as observed_today,
    {{ verdict('kpi_now', 'observed.observed') }} as verdict_today,
    -- The breach that is open
    breach.breach_id,
    breach.started_at as missed_since_at,
    -- Clock
    kpi_now.as_of,
    true as is_provisional
from {{ ref('rpt_kpi_now') }} as kpi_now
left join observed
    on observed.service_code = kpi_now.service_code
    and observed.channel = kpi_now.channel
    and observed.kpi = kpi_now.kpi
left join {{ source('ops', 'breach') }} as breach
    on breach.service_code = kpi_now.service_code
    and breach.channel = kpi_now.channel
    and breach.kpi = kpi_now.kpi
    and breach.roster_date is null
    and breach.cleared_at is null
