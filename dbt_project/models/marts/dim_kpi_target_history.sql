select
    period.cells ->> 'service_code' as service_code,
    period.cells ->> 'channel' as channel,
    period.cells ->> 'kpi' as kpi,
    period.version,
    (period.cells ->> 'kpi') || '/' || (period.cells ->> 'formula_version') as formula,
    period.cells ->> 'comparator' as comparator,
    (period.cells ->> 'target')::double precision as target,
    (period.cells ->> 'critical')::double precision as critical,
    (period.cells ->> 'threshold_s')::double precision as threshold_s,
    (period.cells ->> 'window_min')::double precision as window_min,
    (period.cells ->> 'min_volume')::double precision as min_volume,
    (period.cells ->> 'effective_from')::date as valid_from,
    (period.cells ->> 'effective_to')::date as valid_to,
    -- Knowledge
    period.known_from_at,
    period.known_to_at,
    period.known_to_at is null as is_current,
    -- Clock
    {{ built_as_of() }} as as_of,
    period.known_to_at is null as is_provisional
from {{ ref('int_reference_version') }} as period
where period.feed = 'kpi_target'
