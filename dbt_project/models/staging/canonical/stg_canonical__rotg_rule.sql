-- One row per service and rule of floor discipline for which the site states thresholds of its
-- own, or which it has switched off.
select
    rotg_rule.service_code,
    lower(rotg_rule.rule_code) as rule_code,
    {{ number('rotg_rule.threshold') }} as threshold,
    {{ number('rotg_rule.limit_s') }} as limit_s,
    coalesce({{ truth('rotg_rule.is_active') }}, true) as is_active,
    rotg_rule._load_id
from {{ source('raw', 'rotg_rule') }} as rotg_rule
