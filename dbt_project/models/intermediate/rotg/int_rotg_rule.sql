-- One row per service and rule of floor discipline, with the threshold that holds there.
{{ config(materialized='view') }}

select
    service.service_code,
    rule.rule_code,
    rule.rule_version,
    rule.comparator,
    coalesce(stated.threshold, rule.threshold) as threshold,
    coalesce(stated.limit_s, rule.limit_s) as limit_s,
    coalesce(stated.is_active, true) as is_active,
    coalesce(stated._load_id, 0) as _load_id
from {{ ref('int_service') }} as service
cross join {{ ref('stg_rotg__rule') }} as rule
left join {{ ref('stg_canonical__rotg_rule') }} as stated
    on stated.service_code = service.service_code
    and stated.rule_code = rule.rule_code
