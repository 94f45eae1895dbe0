-- One row per service and KPI for which the site states how its miss is told, or which it has
-- switched on or off.
select
    breach_rule.service_code,
    lower(breach_rule.kpi) as kpi,
    {{ number('breach_rule.short_min') }} as short_min,
    {{ number('breach_rule.long_min') }} as long_min,
    {{ number('breach_rule.sure_z') }} as sure_z,
    {{ number('breach_rule.fast_z') }} as fast_z,
    {{ number('breach_rule.missed_for_min') }} as missed_for_min,
    {{ number('breach_rule.clear_min') }} as clear_min,
    {{ number('breach_rule.clear_margin') }} as clear_margin,
    {{ number('breach_rule.clear_for_min') }} as clear_for_min,
    {{ truth('breach_rule.is_active') }} as is_active,
    breach_rule._load_id
from {{ source('raw', 'breach_rule') }} as breach_rule
