select
    breach.breach_id,
    breach.service_code,
    breach.channel,
    breach.kpi,
    breach.scope,
    breach.started_at,
    breach.detected_at,
    breach.cleared_at,
    breach.comparator,
    breach.target::double precision as target,
    breach.observed::double precision as observed,
    breach.numerator::double precision as numerator,
    breach.denominator::double precision as denominator,
    breach.severity,
    breach.cleared_because,
    breach.roster_date,
    -- Clock
    {{ built_as_of() }} as as_of,
    breach.cleared_at is null as is_provisional
from {{ source('ops', 'breach') }} as breach
