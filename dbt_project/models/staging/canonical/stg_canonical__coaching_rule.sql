-- One row per service and matter for which the site states when it proposes a step of coaching, or
-- which it has switched off. What makes no sense, as 0 occurrences, is not stated; no rule looks
-- back for more than a year.
with

told as (
    select
        coaching_rule.service_code,
        lower(coaching_rule.matter) as matter,
        {{ number('coaching_rule.occurrences') }} as occurrences,
        {{ number('coaching_rule.within_days') }} as within_days,
        lower(coaching_rule.first_step) as first_step,
        coalesce({{ truth('coaching_rule.is_active') }}, true) as is_active,
        coaching_rule._load_id
    from {{ source('raw', 'coaching_rule') }} as coaching_rule
)

select
    told.service_code,
    told.matter,
    case when told.occurrences >= 1 then told.occurrences::bigint end as occurrences,
    case when told.within_days >= 1 then least(told.within_days, 366)::bigint end as within_days,
    told.first_step,
    told.is_active,
    told._load_id
from told
