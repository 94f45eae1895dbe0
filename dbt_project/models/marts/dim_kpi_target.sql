select
    target.service_code,
    target.channel,
    target.kpi,
    target.kpi || '/' || target.formula_version as formula,
    target.comparator,
    target.target::double precision as target,
    target.critical::double precision as critical,
    target.threshold_s::double precision as threshold_s,
    target.window_min::double precision as window_min,
    target.min_volume::double precision as min_volume,
    target.effective_from as valid_from,
    target.effective_to as valid_to,
    period.known_from_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ ref('stg_canonical__kpi_target') }} as target
left join {{ ref('int_reference_version') }} as period
    on period.feed = 'kpi_target'
    and period.key
    = array[target.service_code, target.channel, target.kpi, target.effective_from::text]
    and period.known_to_at is null
