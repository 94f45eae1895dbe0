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
    target.effective_to as valid_to
from {{ ref('stg_canonical__kpi_target') }} as target
