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
        told.*,
        voice.offered as contacts,
        voice.is_provisional
    from {{ ref('int_voice_interval') }} as voice
    cross join
        lateral ({{ voice_kpis('voice') }}) as told (kpi, formula_version, numerator, denominator)
    union all
    select
        nonvoice.service_code,
        nonvoice.channel,
        nonvoice.interval_start,
        told.*,
        nonvoice.received,
        nonvoice.is_provisional
    from {{ ref('int_nonvoice_interval') }} as nonvoice
    cross join
        lateral ({{ nonvoice_kpis('nonvoice') }})
            as told (kpi, formula_version, numerator, denominator)
),

final as (
    select
        intervals.*,
        (intervals.interval_start at time zone services.timezone)::date as local_date,
        extract(hour from intervals.interval_start at time zone services.timezone)::bigint
            as local_hour,
        {{ kpi_value('intervals') }} as observed
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
    final.kpi || '/' || final.formula_version as formula,
    final.contacts::bigint as contacts,
    final.numerator::double precision as numerator,
    final.denominator::double precision as denominator,
    final.observed,
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
