with

matters as (
    select rule.matter from {{ ref('stg_coaching__rule') }} as rule
    union
    select stated.matter from {{ ref('stg_canonical__coaching_rule') }} as stated
),

rules as (
    select
        service.service_code,
        matters.matter,
        coalesce(stated.occurrences, rule.occurrences) as occurrences,
        coalesce(stated.within_days, rule.within_days) as within_days,
        coalesce(stated.first_step, rule.first_step) as first_step,
        coalesce(stated.is_active, true) as is_active
    from {{ ref('int_service') }} as service
    cross join matters
    left join {{ ref('stg_coaching__rule') }} as rule on rule.matter = matters.matter
    left join {{ ref('stg_canonical__coaching_rule') }} as stated
        on stated.service_code = service.service_code and stated.matter = matters.matter
)

select
    rules.service_code,
    rules.matter,
    rules.occurrences,
    rules.within_days,
    rules.first_step,
    rules.is_active,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from rules
where rules.occurrences is not null and rules.within_days is not null
