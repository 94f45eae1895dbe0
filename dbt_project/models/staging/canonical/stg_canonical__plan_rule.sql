-- One row per service, severity and step for which the site states when the step of a recovery plan
-- is due. What makes no sense, as 0 minutes, is not stated.
with

told as (
    select
        plan_rule.service_code,
        lower(plan_rule.severity) as severity,
        lower(plan_rule.step) as step,
        {%- for column in ['due_min', 'remind_min', 'escalate_min'] %}
        {{ number('plan_rule.' ~ column) }} as {{ column }},
        {%- endfor %}
        plan_rule._load_id
    from {{ source('raw', 'plan_rule') }} as plan_rule
)

select
    told.service_code,
    told.severity,
    told.step,
    case when told.due_min > 0 then told.due_min end as due_min,
    case when told.remind_min >= 0 then told.remind_min end as remind_min,
    case when told.escalate_min >= 0 then told.escalate_min end as escalate_min,
    told._load_id
from told
