with

-- Read once, not for each row
targets as materialized (
    select
        target.service_code,
        target.channel,
        target.kpi,
        target.comparator,
        target.target,
        target.critical,
        target.effective_from,
        coalesce(target.effective_to, 'infinity') as effective_to
    from {{ ref('stg_canonical__kpi_target') }} as target
),

services as materialized (
    select service.service_code, service.timezone
    from {{ ref('int_service') }} as service
),

intervals as (
    select
        voice.service_code,
        voice.channel,
        voice.interval_start,
        told.kpi,
        told.formula,
        told.numerator,
        told.denominator,
        told.scale,
        voice.offered as contacts,
        voice.is_provisional
    from {{ ref('int_voice_interval') }} as voice
    cross join
        lateral (
            values
            ('scr', 'scr/1', voice.scr_numerator, voice.scr_denominator, 100.0),
            (
                'abandon_rate',
                'abandon_rate/1',
                voice.abandon_numerator,
                voice.scr_denominator,
                100.0
            ),
            (
                'service_level',
                'service_level/' || voice.service_level_version,
                voice.service_level_numerator,
                voice.service_level_denominator,
                100.0
            ),
            ('asa', 'asa/1', voice.wait_s_sum, voice.answered, 1.0),
            ('aht', 'aht/1', voice.handle_s_sum, voice.handled, 1.0)
        ) as told (kpi, formula, numerator, denominator, scale)
    union all
    select
        nonvoice.service_code,
        nonvoice.channel,
        nonvoice.interval_start,
        told.kpi,
        told.formula,
        told.numerator,
        told.denominator,
        told.scale,
        nonvoice.received,
        nonvoice.is_provisional
    from {{ ref('int_nonvoice_interval') }} as nonvoice
    cross join
        lateral (
            values
            (
                'response_time',
                'response_time/1',
                nonvoice.responded_in_target,
                -- Without a target there is no rate
                case
                    when nonvoice.threshold_s is not null
                        then nonvoice.responded + nonvoice.overdue_unanswered
                end,
                100.0
            ),
            ('waiting_list', 'waiting_list/1', nonvoice.waiting_list, 1, 1.0),
            ('oldest_waiting', 'oldest_waiting/1', coalesce(nonvoice.oldest_waiting_s, 0), 1, 1.0)
        ) as told (kpi, formula, numerator, denominator, scale)
),

final as (
    select
        intervals.*,
        (intervals.interval_start at time zone services.timezone)::date as local_date,
        extract(hour from intervals.interval_start at time zone services.timezone)::bigint
            as local_hour,
        intervals.scale * intervals.numerator / nullif(intervals.denominator, 0) as observed
    from intervals
    inner join services on services.service_code = intervals.service_code
)

select
    final.service_code,
    final.channel,
    final.kpi,
    final.interval_start,
    final.local_date,
    final.local_hour,
    final.formula,
    final.contacts::bigint as contacts,
    final.numerator::double precision as numerator,
    final.denominator::double precision as denominator,
    final.observed::double precision as observed,
    -- Target in force on the local date
    held.comparator,
    held.target::double precision as target,
    held.critical::double precision as critical,
    {{ verdict('held', 'final.observed') }} as verdict,
    -- Clock
    {{ built_as_of() }} as as_of,
    final.is_provisional
from final
left join
    lateral (
        select targets.comparator, targets.target, targets.critical
        from targets
        where targets.service_code = final.service_code
            and targets.channel = final.channel
            and targets.kpi = final.kpi
            and final.local_date between targets.effective_from and targets.effective_to
        order by targets.effective_from desc
        limit 1
    ) as held
    on true
