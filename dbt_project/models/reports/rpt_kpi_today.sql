with

services as (
    select
        service.service_code,
        date_trunc('day', {{ built_as_of() }}, service.timezone) as day_start_at
    from {{ ref('int_service') }} as service
),

voice as (
    select
        services.service_code,
        voice.channel,
        sum(voice.scr_numerator) as scr_numerator,
        sum(voice.scr_denominator) as scr_denominator,
        sum(voice.abandon_numerator) as abandon_numerator,
        sum(voice.service_level_numerator) as service_level_numerator,
        sum(voice.service_level_denominator) as service_level_denominator,
        sum(voice.wait_s_sum) as wait_s_sum,
        sum(voice.answered) as answered,
        sum(voice.handle_s_sum) as handle_s_sum,
        sum(voice.handled) as handled
    from services
    inner join {{ ref('int_voice_interval') }} as voice
        on voice.service_code = services.service_code
        and voice.interval_start >= services.day_start_at
        and voice.interval_start <= {{ built_as_of() }}
    group by services.service_code, voice.channel
),

nonvoice as (
    select
        services.service_code,
        nonvoice.channel,
        sum(nonvoice.responded_in_target) as numerator,
        sum(nonvoice.responded + nonvoice.overdue_unanswered) as denominator
    from services
    inner join {{ ref('int_nonvoice_interval') }} as nonvoice
        on nonvoice.service_code = services.service_code
        and nonvoice.interval_start >= services.day_start_at
        and nonvoice.interval_start <= {{ built_as_of() }}
    group by services.service_code, nonvoice.channel
),

today as (
    select
        voice.service_code,
        voice.channel,
        told.kpi,
        told.numerator,
        told.denominator,
        told.scale
    from voice
    cross join
        lateral (
            values
            ('scr', voice.scr_numerator, voice.scr_denominator, 100.0),
            ('abandon_rate', voice.abandon_numerator, voice.scr_denominator, 100.0),
            (
                'service_level',
                voice.service_level_numerator,
                voice.service_level_denominator,
                100.0
            ),
            ('asa', voice.wait_s_sum, voice.answered, 1.0),
            ('aht', voice.handle_s_sum, voice.handled, 1.0)
        ) as told (kpi, numerator, denominator, scale)
    union all
    select
        nonvoice.service_code,
        nonvoice.channel,
        'response_time',
        nonvoice.numerator,
        nonvoice.denominator,
        100.0
    from nonvoice
),

observed as (
    select
        today.*,
        today.scale * today.numerator / nullif(today.denominator, 0) as observed
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
    observed.observed::double precision as observed_today,
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
