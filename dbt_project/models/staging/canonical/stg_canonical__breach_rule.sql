-- One row per service and KPI for which the site states how its miss is told, or which it has
-- switched on or off. What makes no sense, as a window of 0 minutes, is not stated; no window is
-- longer than a day.
with

told as (
    select
        breach_rule.service_code,
        lower(breach_rule.kpi) as kpi,
        {%- for column in ['latest_min', 'short_min', 'long_min', 'clear_min', 'sure_z', 'fast_z',
            'at_risk_s', 'missed_for_min', 'clear_margin', 'clear_for_min'] %}
        {{ number('breach_rule.' ~ column) }} as {{ column }},
        {%- endfor %}
        {{ truth('breach_rule.is_active') }} as is_active,
        lower(breach_rule.severity) as severity,
        breach_rule._load_id
    from {{ source('raw', 'breach_rule') }} as breach_rule
)

select
    told.service_code,
    told.kpi,
    case when told.latest_min > 0 then told.latest_min end as latest_min,
    case when told.short_min > 0 then least(told.short_min, 1440) end as short_min,
    case when told.long_min > 0 then least(told.long_min, 1440) end as long_min,
    case when told.sure_z > 0 then told.sure_z end as sure_z,
    case when told.fast_z > 0 then told.fast_z end as fast_z,
    case when told.at_risk_s > 0 then told.at_risk_s end as at_risk_s,
    case when told.missed_for_min >= 0 then told.missed_for_min end as missed_for_min,
    case when told.clear_min > 0 then least(told.clear_min, 1440) end as clear_min,
    case when told.clear_margin >= 0 then told.clear_margin end as clear_margin,
    case when told.clear_for_min >= 0 then told.clear_for_min end as clear_for_min,
    told.is_active,
    nullif(told.severity, '') as severity,
    told._load_id
from told
