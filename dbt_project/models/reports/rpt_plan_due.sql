with

plans as (
    select
        plan.plan_id,
        plan.breach_id,
        breach.service_code,
        breach.channel,
        breach.kpi,
        breach.severity,
        plan.status,
        plan.due_at as stated_due_at,
        case plan.status
            when 'submitted' then 'verify'
            when 'verified' then 'start'
            when 'in_action' then 'finish'
            when 'done' then 'close'
            else 'submit'
        end as step,
        -- A plan is closed once its effect is known
        case plan.status when 'done' then plan.effect_known_at else plan.status_since end
            as waits_since
    from {{ source('ops', 'recovery_plan') }} as plan
    inner join {{ source('ops', 'breach') }} as breach on breach.breach_id = plan.breach_id
    where plan.closed_at is null
),

ruled as (
    select
        plans.*,
        case plans.step
            when 'finish' then plans.stated_due_at
            else
                plans.waits_since
                + coalesce(stated.due_min, rule.due_min)::double precision * interval '1 minute'
        end as due_at,
        coalesce(stated.remind_min, rule.remind_min)::double precision * interval '1 minute'
            as reminded_before,
        coalesce(stated.escalate_min, rule.escalate_min)::double precision * interval '1 minute'
            as escalated_after
    from plans
    inner join {{ ref('stg_plan__rule') }} as rule
        on rule.severity = plans.severity and rule.step = plans.step
    left join {{ ref('stg_canonical__plan_rule') }} as stated
        on stated.service_code = plans.service_code
        and stated.severity = plans.severity
        and stated.step = plans.step
    where plans.waits_since is not null
)

select
    ruled.plan_id,
    ruled.breach_id,
    ruled.service_code,
    ruled.channel,
    ruled.kpi,
    ruled.severity,
    ruled.status,
    ruled.step,
    -- Times
    ruled.waits_since,
    ruled.due_at,
    ruled.due_at - ruled.reminded_before as remind_at,
    ruled.due_at + ruled.escalated_after as escalate_at,
    coalesce(ruled.due_at < {{ built_as_of() }}, false) as is_overdue,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from ruled
